#if canImport(Glibc)
import Glibc
#endif
import Synchronization

/// The bytes of a growing file, across rotation (the old file is read to its end) and truncation. Never ends but by an interruption.
///
/// A line that is not ended when its file is rotated or truncated is ended there: a piece of one file is never joined to another's.
package final class FollowedFile: ByteSource {
  private let path: String
  private let isInterrupted: @Sendable () -> Bool
  private let now: () -> ContinuousClock.Instant
  private var descriptor: Int32 = -1
  private var head: [UInt8] = []
  private var identity: (device: UInt64, inode: UInt64) = (0, 0)
  /// Bytes of the open file that have been read.
  private var offset: Int64 = 0
  private var streamOffset: UInt64 = 0
  private var endsInLine = false
  /// Where another file of the same name was first seen.
  private var replacedAt: ContinuousClock.Instant?
  private var start: FollowedPlace?

  /// From where in the stream bytes are of which file.
  private struct Segment: Sendable {
    var streamStart: UInt64
    var place: FollowedPlace
  }
  private let segments = Mutex<[Segment]>([])

  /// Between two looks at a file that has not grown.
  private static let pauseMilliseconds: Int32 = 50
  /// A rotated file must not grow for so long before it is left: who writes it may not know yet.
  private static let quietSeconds = 1

  /// - Parameter start: where an earlier run stopped, if that is known.
  package init(
    path: String, from start: FollowedPlace?, isInterrupted: @escaping @Sendable () -> Bool, now: @escaping () -> ContinuousClock.Instant = { .now }
  ) {
    self.path = path
    self.start = start
    self.isInterrupted = isInterrupted
    self.now = now
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Opens the file if it is there, so that where reading begins can be noted before anything is read. Not to be called later.
  package func prepare() throws { if descriptor < 0 { _ = try openNext() } }

  /// The file and the place in it of a byte of the stream, at the beginning of a line. To be called on any thread.
  package func place(at streamOffset: UInt64) -> FollowedPlace? {
    segments.withLock { segments in
      guard var found = segments.last(where: { $0.streamStart <= streamOffset }) else { return nil }
      segments.removeAll { $0.streamStart < found.streamStart }
      found.place.offset += Int64(streamOffset - found.streamStart)
      return found.place
    }
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      if isInterrupted() { throw InputError(.interrupted, "interrupted") }
      if descriptor < 0, try !openNext() {
        pause(Self.pauseMilliseconds)
        continue
      }
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw InputError(.unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
      }
      if count > 0 {
        take(UnsafeRawBufferPointer(start: buffer.baseAddress, count: count))
        return count
      }
      switch look() {
      case .same:
        pause(Self.pauseMilliseconds)
        continue
      case .truncated: rewind()
      case .left: leave()
      }
      if endsInLine {
        buffer[0] = 0x0A
        endsInLine = false
        streamOffset += 1
        return 1
      }
    }
  }

  package func wait(milliseconds: Int32) -> Bool {
    var left = milliseconds
    while true {
      if isInterrupted() || hasNews { return true }
      if left <= 0 { return false }
      pause(min(left, Self.pauseMilliseconds))
      left -= Self.pauseMilliseconds
    }
  }

  // MARK: - Looking

  private enum State {
    case same, truncated, left
  }

  private var hasNews: Bool {
    if descriptor < 0 { return access(path, F_OK) == 0 }
    var status = stat()
    if fstat(descriptor, &status) == 0, Int64(status.st_size) > offset { return true }
    return look() != .same
  }

  /// At the end of what the open file holds: whether it is another one by now.
  private func look() -> State {
    var open = stat()
    guard fstat(descriptor, &open) == 0 else { return .same }
    if Int64(open.st_size) < offset || offset > 0 && !head.isEmpty && Self.head(of: descriptor, bytes: head.count) != head {
      return .truncated
    }
    var named = stat()
    guard stat(path, &named) == 0, named.st_ino != open.st_ino || named.st_dev != open.st_dev else {
      replacedAt = nil
      return .same
    }
    let begun = replacedAt ?? now()
    replacedAt = begun
    return now() - begun >= .seconds(Self.quietSeconds) ? .left : .same
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    offset += Int64(bytes.count)
    streamOffset += UInt64(bytes.count)
    endsInLine = bytes[bytes.count - 1] != 0x0A
    // A rotated file that still grows is not quiet.
    replacedAt = nil
    guard head.count < FollowedPlace.headBytesMax else { return }
    head = Self.head(of: descriptor, bytes: FollowedPlace.headBytesMax)
    segments.withLock { segments in
      guard let last = segments.indices.last else { return }
      segments[last].place.headBytes = head.count
      segments[last].place.headChecksum = FollowedPlace.checksum(head)
    }
  }

  private static func head(of descriptor: Int32, bytes: Int) -> [UInt8] {
    var head = [UInt8](repeating: 0, count: bytes)
    let count = head.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, bytes, 0) }
    return Array(head.prefix(max(0, count)))
  }

  // MARK: - Opening

  /// - Returns: false where there is no file at the moment.
  private func openNext() throws -> Bool {
    if let start {
      self.start = nil
      if openEarlier(start) { return true }
    }
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else {
      if errno == ENOENT { return false }
      throw InputError(.unreadable, "cannot open \(path): \(String(cString: strerror(errno))); check its permissions")
    }
    begin(opened, at: 0)
    return true
  }

  /// Opens the file that an earlier run was reading, wherever in its folder it is by now.
  private func openEarlier(_ place: FollowedPlace) -> Bool {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    var names = [path]
    if let entries = opendir(folder) {
      defer { closedir(entries) }
      while let entry = readdir(entries) {
        guard entry.pointee.d_ino == place.inode else { continue }
        names.append(folder + withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
      }
    }
    for name in names {
      let opened = open(name, O_RDONLY | O_CLOEXEC)
      guard opened >= 0 else { continue }
      var status = stat()
      if fstat(opened, &status) == 0, UInt64(status.st_ino) == place.inode, UInt64(status.st_dev) == place.device, Int64(status.st_size) >= place.offset,
        FollowedPlace.checksum(Self.head(of: opened, bytes: place.headBytes)) == place.headChecksum, lseek(opened, Int(place.offset), SEEK_SET) == Int(place.offset)
      {
        begin(opened, at: place.offset)
        return true
      }
      close(opened)
    }
    return false
  }

  private func begin(_ opened: Int32, at place: Int64) {
    descriptor = opened
    var status = stat()
    fstat(opened, &status)
    identity = (UInt64(status.st_dev), UInt64(status.st_ino))
    startSegment(at: place)
  }

  private func startSegment(at place: Int64) {
    offset = place
    replacedAt = nil
    head = Self.head(of: descriptor, bytes: FollowedPlace.headBytesMax)
    // The byte that ends an unfinished line belongs to the file before.
    let start = streamOffset + (endsInLine ? 1 : 0)
    let begun = FollowedPlace(
      device: identity.device, inode: identity.inode, headBytes: head.count, headChecksum: FollowedPlace.checksum(head), offset: place)
    segments.withLock { $0.append(Segment(streamStart: start, place: begun)) }
  }

  private func rewind() {
    lseek(descriptor, 0, SEEK_SET)
    startSegment(at: 0)
  }

  private func leave() {
    close(descriptor)
    descriptor = -1
  }

  private func pause(_ milliseconds: Int32) { usleep(UInt32(max(1, milliseconds)) * 1_000) }
}
