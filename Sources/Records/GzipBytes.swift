import CZlib
#if canImport(Glibc)
import Glibc
#endif

/// Bytes of an input that may be compressed: gzip is told by its first two bytes (RFC 1952), anything else passes through.
///
/// Members that follow one another are one stream, as gzip itself reads them; zeros after the last are padding.
package final class GzipBytes: ByteSource {
  private let source: any ByteSource
  private let name: String
  private var stream = z_stream()
  private var buffer: UnsafeMutableRawBufferPointer
  private var available: UnsafeMutableRawBufferPointer.SubSequence
  private var state = State.unknown

  private enum State {
    case unknown, plain, inMember, betweenMembers, ended
  }

  private static let bufferBytes = 256 << 10

  /// - Parameter name: of the input, for messages.
  package init(_ source: any ByteSource, name: String) {
    self.source = source
    self.name = name
    buffer = .allocate(byteCount: Self.bufferBytes, alignment: 16)
    available = buffer[0..<0]
  }

  deinit {
    if state == .inMember || state == .betweenMembers || state == .ended { inflateEnd(&stream) }
    buffer.deallocate()
  }

  /// Whether a file can be read and begins as gzip does.
  package static func isCompressed(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var first: [UInt8] = [0, 0]
    return first.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, 2, 0) } == 2 && first == magic
  }

  private static let magic: [UInt8] = [0x1F, 0x8B]

  /// Throws ``InputError`` `damaged` where the stream does not continue as gzip; what was given before is sound as far as gzip
  /// can tell before a member's end.
  package func read(into target: UnsafeMutableRawBufferPointer, within milliseconds: Int32?) throws -> Int? {
    switch state {
    case .unknown: return try detect(within: milliseconds) ? try read(into: target, within: milliseconds) : nil
    case .plain:
      guard !available.isEmpty else { return try source.read(into: target, within: milliseconds) }
      let count = min(available.count, target.count)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: available.prefix(count)))
      available = available.dropFirst(count)
      return count
    case .ended: return 0
    default: return try inflateSome(into: target, within: milliseconds)
    }
  }

  /// - Returns: false where the first two bytes did not come in time.
  private func detect(within milliseconds: Int32?) throws -> Bool {
    while available.count < 2 {
      guard let more = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[available.count...]), within: milliseconds) else { return false }
      if more == 0 { break }
      available = buffer[0..<available.count + more]
    }
    guard available.prefix(2).elementsEqual(Self.magic) else {
      state = .plain
      return true
    }
    // 15 bits of window, 16 for gzip's header and trailer.
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw InputError(.unreadable, "\(name): no memory to decompress")
    }
    state = .inMember
    return true
  }

  private func inflateSome(into target: UnsafeMutableRawBufferPointer, within milliseconds: Int32?) throws -> Int? {
    let deadline = milliseconds.map { ContinuousClock.now + .milliseconds($0) }
    while true {
      if available.isEmpty {
        // Bytes may come one by one, and many of them give nothing.
        let left = deadline.map { Int32(max(0, ($0 - .now) / .milliseconds(1))) }
        guard let count = try source.read(into: buffer, within: left) else { return nil }
        available = buffer[0..<count]
        if count == 0 {
          guard state == .betweenMembers else { throw damaged("ends in the middle") }
          state = .ended
          return 0
        }
      }
      if state == .betweenMembers {
        while let first = available.first, first == 0 { available = available.dropFirst() }
        if available.isEmpty { continue }
        guard available.first == Self.magic[0] else { throw damaged("is followed by something else") }
        inflateReset(&stream)
        state = .inMember
      }
      let offered = available.count
      stream.next_in = available.baseAddressOfSlice
      stream.avail_in = UInt32(offered)
      stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(target.count)
      let code = inflate(&stream, Z_NO_FLUSH)
      available = available.dropFirst(offered - Int(stream.avail_in))
      let produced = target.count - Int(stream.avail_out)
      switch code {
      case Z_STREAM_END: state = .betweenMembers
      case Z_OK, Z_BUF_ERROR: break
      default:
        // What came out before the damage counts; the damage is met again on the next call.
        if produced > 0 { return produced }
        throw damaged("is damaged")
      }
      if produced > 0 { return produced }
    }
  }

  private func damaged(_ what: String) -> InputError {
    InputError(.damaged, "\(name): the gzip stream \(what); what came before was taken; send the whole input again from a sound copy")
  }
}

extension Slice<UnsafeMutableRawBufferPointer> {
  /// Where the slice's bytes begin, as zlib wants it.
  fileprivate var baseAddressOfSlice: UnsafeMutablePointer<UInt8>? {
    base.baseAddress.map { ($0 + startIndex).assumingMemoryBound(to: UInt8.self) }
  }
}
