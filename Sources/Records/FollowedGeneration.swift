#if canImport(Glibc)
import Glibc
#endif

/// One of the files that have or had a followed name, open and read as far as its lines are whole.
final class FollowedGeneration {
  enum News {
    case none, lines, truncated
  }

  /// Another one since it was emptied: what is still to be stored is of what it held before.
  private(set) var stretch: Int
  let number: FollowedIdentity.Number
  /// Whether the followed name is this file's.
  var isNamed: Bool
  /// Whether what is left is taken as it is, whole lines or not, for nothing more is waited for.
  private(set) var isEnding = false
  private(set) var offset: Int64
  private(set) var lines: UInt64
  /// When it last grew, or lost the name.
  private(set) var quietSince: ContinuousClock.Instant
  private var head: [UInt8]
  /// Where the line begins that ``offset`` is in.
  private var lineBegin: (offset: Int64, lines: UInt64)
  /// When it was last looked at.
  private var size: Int64 = 0
  /// Without links, as it was opened.
  let path: String
  private let descriptor: Int32
  /// Up to where no line ends after ``offset``, and whether one ends beyond.
  private var searched: Int64 = 0
  private var hasLine = false

  private static let searchedBytes = 64 << 10
  /// Linux's SEEK_DATA, which is not imported: where a hole ends.
  private static let seekData: Int32 = 3

  /// - Parameters:
  ///   - descriptor: of a regular file; closed with this.
  ///   - path: that it was opened by.
  init(_ descriptor: Int32, at path: String, isNamed: Bool, stretch: Int, offset: Int64 = 0, lines: UInt64 = 0, now: ContinuousClock.Instant) {
    var status = stat()
    fstat(descriptor, &status)
    self.descriptor = descriptor
    self.isNamed = isNamed
    self.stretch = stretch
    number = FollowedIdentity.Number(status)
    self.path = FollowedFolder.real(path) ?? path
    self.offset = offset
    self.lines = lines
    lineBegin = (offset, lines)
    quietSince = now
    head = FollowedIdentity.head(of: descriptor)
  }

  deinit { close(descriptor) }

  var identity: FollowedIdentity { FollowedIdentity(number, head: head) }

  var place: FollowedPlace { FollowedPlace(identity: identity, folder: FollowedFolder.folder(of: path), offset: lineBegin.offset, lines: lineBegin.lines) }

  /// Whether what was there up to a place is here too.
  func holds(_ place: FollowedPlace) -> Bool { place.identity.headBytes > 0 && place.identity.begins(head) && currentSize >= place.offset }

  var isUnlinked: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  private var currentSize: Int64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// Whether there are lines to be had.
  func news(now: ContinuousClock.Instant) -> News {
    if isEmptied(now: now) { return .truncated }
    guard size > offset else { return .none }
    if head.first == 0, !isEnding, offset == lineBegin.offset, let isEmptied = stepOverHole() { return isEmptied ? .truncated : .none }
    if isEnding || hasLine { return .lines }
    // A writer that cuts off what it began goes back.
    if size < searched { searched = offset }
    searched = max(searched, offset)
    var buffer = [UInt8](repeating: 0, count: Self.searchedBytes)
    while searched < size {
      let count = read(at: searched, into: &buffer)
      guard count > 0 else { return .none }
      if buffer[..<count].contains(0x0A) {
        hasLine = true
        return .lines
      }
      searched += Int64(count)
    }
    return .none
  }

  /// Looks at its size and its first bytes, once for all that is asked of them: they may be others by the next time.
  private func isEmptied(now: ContinuousClock.Instant) -> Bool {
    let current = currentSize
    if current > size { quietSince = now }
    size = current
    let begin = FollowedIdentity.head(of: descriptor)
    guard size >= offset, begin.starts(with: head) else { return true }
    head = begin
    return false
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

  /// Gives whole lines, or a piece of a line that has an end but is longer than the buffer. To be called where there are lines.
  func read(into buffer: UnsafeMutableRawBufferPointer, now: ContinuousClock.Instant) throws -> Piece? {
    if offset == 0, head.starts(with: [0xEF, 0xBB, 0xBF]) { begin(at: 3, lines: 0) }
    var count = pread(descriptor, buffer.baseAddress, buffer.count, Int(offset))
    while count < 0, errno == EINTR { count = pread(descriptor, buffer.baseAddress, buffer.count, Int(offset)) }
    if count < 0 { throw InputError(.unreadable, "cannot read a followed file: \(String(cString: strerror(errno)))") }
    // What was read after it had been emptied is of another stretch.
    guard count > 0, let start = buffer.baseAddress, !isEmptied(now: now) else { return nil }
    let end = UnsafeRawBufferPointer(start: start, count: count).lastIndex(of: 0x0A)
    if let end {
      count = end + 1
    } else if !isEnding, !hasLine {
      return nil
    }
    let begun = (offset: offset, lines: lines)
    if end != nil { hasLine = false }
    offset += Int64(count)
    let ends = UnsafeRawBufferPointer(start: start, count: count).count { $0 == 0x0A }
    lines += UInt64(ends)
    if end != nil { endLine() }
    return Piece(offset: begun.offset, linesBefore: begun.lines, bytes: count, lines: ends, isWhole: end != nil)
  }

  /// The followed name is another file's, or nobody's.
  func loseName(now: ContinuousClock.Instant) {
    guard isNamed else { return }
    isNamed = false
    quietSince = now
  }

  /// What is left is waited for again, with the beginning of its line.
  func resume() {
    guard isEnding else { return }
    isEnding = false
    begin(at: lineBegin.offset, lines: lineBegin.lines)
  }

  /// As it is kept when it is read no more; nil where it was deleted, and what it is called then.
  var closed: (place: FollowedPlace, path: String)? {
    guard !isUnlinked, let path = currentPath else { return nil }
    var place = place
    place.closedBytes = size
    place.folder = FollowedFolder.folder(of: path)
    return (place, path)
  }

  /// What it is called now; nil where that cannot be told.
  var currentPath: String? {
    guard !isUnlinked else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
    return count > 0 ? String(validating: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  /// Begins again, for the file was emptied.
  func rewind(as stretch: Int) {
    self.stretch = stretch
    begin(at: 0, lines: 0)
    head = FollowedIdentity.head(of: descriptor)
  }

  /// Goes on at the beginning of some line.
  func begin(at offset: Int64, lines: UInt64) {
    (self.offset, self.lines) = (offset, lines)
    endLine()
    (searched, hasLine) = (0, false)
  }

  /// What is left is taken as it is.
  func finish() { isEnding = true }

  /// What comes next begins a line.
  private func endLine() { lineBegin = (offset, lines) }

  // MARK: - Holes

  /// Who writes on where it was in a file that was emptied leaves a hole before its lines, which reads as zeros.
  ///
  /// - Returns: whether the file was emptied since it was read, or has nothing but zeros, and so nothing to be read yet; nil where lines may be.
  private func stepOverHole() -> Bool? {
    var next: [UInt8] = [0]
    guard offset == 0 || read(at: offset, into: &next) == 1 && next[0] == 0 else { return nil }
    guard let begin = firstOtherThanZero else { return false }
    if offset == 0 { self.begin(at: begin, lines: 0) }
    // What was read has become a part of the hole.
    return begin > offset ? true : nil
  }

  private var firstOtherThanZero: Int64? {
    var at = Int64(lseek(descriptor, 0, Self.seekData))
    guard at >= 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: Self.searchedBytes)
    while true {
      let count = read(at: at, into: &buffer)
      guard count > 0 else { return nil }
      if let index = buffer[..<count].firstIndex(where: { $0 != 0 }) { return at + Int64(index) }
      at += Int64(count)
    }
  }

  private func read(at offset: Int64, into buffer: inout [UInt8]) -> Int {
    buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, Int(offset)) }
  }
}
