#if canImport(Glibc)
import Glibc
#endif

/// One of the files that have or had a followed name, open and read as far as its lines are whole.
final class FollowedGeneration {
  enum News {
    case none, lines, truncated
  }

  /// Another one since it was emptied: what is still to be stored is of what it held before.
  private(set) var number: Int
  let device: UInt64
  let inode: UInt64
  /// Whether the followed name is this file's.
  var isNamed = true
  /// Whether what is left is taken as it is, whole lines or not, for nothing more is waited for.
  var isEnding = false
  private(set) var offset: Int64
  private(set) var lines: UInt64
  /// When it last grew.
  private(set) var grewAt: ContinuousClock.Instant
  /// Compressed bytes have no lines: they are taken as they come.
  private(set) var isCompressed = false
  private(set) var head: [UInt8] = []
  private let descriptor: Int32
  /// Up to where no line ends after ``offset``, and whether one ends beyond.
  private var searched: Int64 = 0
  private var hasLine = false

  /// So many bytes without a line's end are given as they are.
  private static let longLineBytes: Int64 = 512 << 10
  private static let searchedBytes = 64 << 10

  /// - Parameter descriptor: of a regular file; closed with this.
  init(_ descriptor: Int32, number: Int, offset: Int64 = 0, lines: UInt64 = 0, now: ContinuousClock.Instant) {
    var status = stat()
    fstat(descriptor, &status)
    self.descriptor = descriptor
    self.number = number
    (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
    self.offset = offset
    self.lines = lines
    grewAt = now
    readHead()
  }

  deinit { close(descriptor) }

  var place: FollowedPlace {
    FollowedPlace(device: device, inode: inode, headBytes: head.count, headChecksum: FollowedPlace.checksum(head), offset: isCompressed ? 0 : offset, lines: isCompressed ? 0 : lines)
  }

  var isUnlinked: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  var key: FollowedFolder.Key {
    var status = stat()
    fstat(descriptor, &status)
    return FollowedFolder.Key(status)
  }

  private var size: Int64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// Whether there are lines to be had.
  func news(now: ContinuousClock.Instant) -> News {
    let size = size
    if size < offset || !head.isEmpty && Self.head(of: descriptor, bytes: head.count) != head { return .truncated }
    guard size > offset else { return .none }
    if head.count < FollowedPlace.headBytesMax { readHead() }
    if isCompressed || isEnding || hasLine || size - offset >= Self.longLineBytes { return .lines }
    searched = max(searched, offset)
    if size > searched { grewAt = now }
    var buffer = [UInt8](repeating: 0, count: Self.searchedBytes)
    while searched < size {
      let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, Int(searched)) }
      guard count > 0 else { return .none }
      if buffer[..<count].contains(0x0A) {
        hasLine = true
        return .lines
      }
      searched += Int64(count)
    }
    return .none
  }

  /// What was given, and whether it ends with a line.
  struct Piece {
    /// Bytes and lines of the file before it.
    var offset: Int64
    var linesBefore: UInt64
    var bytes: Int
    var lines: Int
    var isWhole: Bool
  }

  /// Gives whole lines, or a piece of one that is too long to be waited for.
  ///
  /// - Parameter goesOn: whether the beginning of the line has been given already.
  func read(into buffer: UnsafeMutableRawBufferPointer, goesOn: Bool, now: ContinuousClock.Instant) throws -> Piece? {
    if offset == 0 { skipByteOrderMark() }
    var count = pread(descriptor, buffer.baseAddress, buffer.count, Int(offset))
    if count < 0 {
      if errno == EINTR { return nil }
      throw InputError(.unreadable, "cannot read a followed file: \(String(cString: strerror(errno)))")
    }
    guard count > 0, let start = buffer.baseAddress else { return nil }
    var isWhole = false
    if !isCompressed, let end = UnsafeRawBufferPointer(start: start, count: count).lastIndex(of: 0x0A) {
      count = end + 1
      isWhole = true
    } else if !isCompressed, !isEnding, !goesOn, Int64(count) < Self.longLineBytes, count < buffer.count {
      return nil
    }
    let begun = (offset: offset, lines: lines)
    hasLine = false
    offset += Int64(count)
    grewAt = now
    let ends = isCompressed ? 0 : UnsafeRawBufferPointer(start: start, count: count).count { $0 == 0x0A }
    lines += UInt64(ends)
    return Piece(offset: begun.offset, linesBefore: begun.lines, bytes: count, lines: ends, isWhole: isWhole)
  }

  /// Begins again, for the file was emptied.
  func rewind(as number: Int) {
    self.number = number
    (offset, lines, searched, hasLine) = (0, 0, 0, false)
    readHead()
  }

  /// Steps over one byte order mark at the very start.
  private func skipByteOrderMark() {
    if head.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
  }

  private func readHead() {
    head = Self.head(of: descriptor, bytes: FollowedPlace.headBytesMax)
    if offset == 0 { isCompressed = head.starts(with: [0x1F, 0x8B]) }
  }

  static func head(of descriptor: Int32, bytes: Int) -> [UInt8] {
    var head = [UInt8](repeating: 0, count: bytes)
    let count = head.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, bytes, 0) }
    return Array(head.prefix(max(0, count)))
  }
}
