#if canImport(Glibc)
import Glibc
#endif
package import Verdicts

/// Cuts an input into lines, in constant memory.
package struct LineReader: ~Copyable {
  package enum Next {
    /// Without its end (a newline, or a carriage return and a newline); valid until the next call.
    case line(UnsafeBufferPointer<UInt8>)
    /// A line over the bound, which was stepped over; its length.
    case tooLong(UInt64)
    /// The deadline has come before the next line.
    case idle
    case end
    /// The input cannot be read on; the length of the line that it broke off in, or nil between lines.
    case broken(InputError, cutLine: UInt64?)
  }

  private let source: any ByteSource
  private let now: @Sendable () -> Timestamp
  private let lineBytesMax: Int
  private let buffer: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  private var isFirst = true
  /// Bytes of an oversized line that have been stepped over.
  private var skipped: UInt64 = 0
  /// Bytes before `start`, from the beginning of the input.
  package private(set) var consumed: UInt64 = 0

  /// From 1; the number of the line that was given last.
  package private(set) var line: UInt64 = 0
  /// Where the line that was given last begins.
  package private(set) var offset: UInt64 = 0

  private static let chunkBytes = 1 << 20

  /// - Parameters:
  ///   - lineBytesMax: bytes of a line without its end.
  ///   - now: asked where a deadline is to be kept.
  package init(_ source: any ByteSource, lineBytesMax: Int, now: @escaping @Sendable () -> Timestamp) {
    self.source = source
    self.now = now
    self.lineBytesMax = lineBytesMax
    // Room for a longest line with its end, and a chunk beside it.
    capacity = lineBytesMax + 2 + Self.chunkBytes
    buffer = .allocate(capacity: capacity)
  }

  deinit { buffer.deallocate() }

  /// - Parameters:
  ///   - deadline: when to give ``Next/idle`` instead of waiting for more input; nil to wait for ever. Lines that have been read are given all
  ///     the same.
  ///   - waitMax: microseconds that a deadline can be away; where it is more, the clock was set back, and it has come.
  package mutating func next(until deadline: Timestamp? = nil, waitMax: Int64 = .max) -> Next {
    var searched = start
    while true {
      if let newline = memchr(buffer + searched, 0x0A, end - searched) {
        let index = newline.assumingMemoryBound(to: UInt8.self) - buffer
        return give(upTo: index, next: index + 1)
      }
      searched = end
      if isAtEnd {
        if start == end && skipped == 0 { return .end }
        return give(upTo: end, next: end)
      }
      if end - start > lineBytesMax + 1 {
        // Longer than any line may be: keep its length alone. A carriage return may still be part of the end.
        skipped += UInt64(end - start)
        start = end
      }
      if start == end {
        start = 0
        end = 0
        searched = 0
      }
      if end == capacity || start > 0 && capacity - end < Self.chunkBytes / 2 {
        memmove(buffer, buffer + start, end - start)
        end -= start
        searched -= start
        start = 0
      }
      let left = deadline.map { $0.microseconds - now().microseconds }
      if let left, left <= 0 || left > waitMax { return .idle }
      do {
        let room = UnsafeMutableRawBufferPointer(start: buffer + end, count: capacity - end)
        guard let count = try source.read(into: room, within: left.map { Int32(clamping: $0 / 1_000) }) else { return .idle }
        if count == 0 { isAtEnd = true }
        end += count
        if isFirst { skipByteOrderMark() }
        searched = max(searched, start)
      } catch {
        let length = skipped + UInt64(end - start)
        let error = error as? InputError ?? InputError(.unreadable, "cannot read the input")
        // An interrupted line was not read.
        if length > 0, error.code != .interrupted {
          line += 1
          offset = consumed
        }
        return .broken(error, cutLine: length > 0 ? length : nil)
      }
    }
  }

  private mutating func give(upTo index: Int, next: Int) -> Next {
    isFirst = false
    line += 1
    offset = consumed
    let first = start
    consumed += skipped + UInt64(next - first)
    start = next
    var length = index - first
    if length > 0, next > index, buffer[index - 1] == 0x0D { length -= 1 }
    if skipped > 0 || length > lineBytesMax {
      let whole = skipped + UInt64(length)
      skipped = 0
      return .tooLong(whole)
    }
    return .line(UnsafeBufferPointer(start: buffer + first, count: length))
  }

  /// Steps over one byte order mark at the very start.
  private mutating func skipByteOrderMark() {
    guard end - start >= 3 || isAtEnd else { return }
    isFirst = false
    guard end - start >= 3, buffer[start] == 0xEF, buffer[start + 1] == 0xBB, buffer[start + 2] == 0xBF else { return }
    start += 3
    consumed += 3
  }
}
