#if canImport(Glibc)
import Glibc
#endif
import ByteCoding

/// One of the files that have or had a followed name, open and read as far as its lines are whole.
final class FollowedGeneration {
  enum News {
    case none, lines, truncated
  }

  let descriptor: FollowedDescriptor
  /// Without links, as it was opened.
  let path: String
  /// Another one since it was emptied: what is still to be stored is of what it held before.
  private(set) var stretch: Int
  /// Whether the followed name is this file's.
  var isNamed: Bool
  /// Whether what is left is taken as it is, whole lines or not, for nothing more is waited for.
  private(set) var isEnding = false
  private(set) var offset: Int64
  private(set) var lines: UInt64
  /// When it last grew, or lost the name.
  private(set) var quietSince: ContinuousClock.Instant
  /// The first bytes, and the last before ``offset``: others there tell that it was emptied.
  private var head: [UInt8]
  private var tail: [UInt8]
  /// Where the line begins that ``offset`` is in, and the last bytes before it.
  private var lineBegin: (offset: Int64, lines: UInt64, tail: [UInt8])
  /// When it was last looked at.
  private var size: Int64 = 0
  /// Up to where no line ends after ``offset``, and whether one ends beyond.
  private var searched: Int64 = 0
  private var hasLine = false

  /// - Parameter path: that it was opened by.
  init(_ descriptor: FollowedDescriptor, at path: String, isNamed: Bool, stretch: Int, offset: Int64 = 0, lines: UInt64 = 0, now: ContinuousClock.Instant) {
    self.descriptor = descriptor
    self.path = FollowedFolder.real(path) ?? path
    self.isNamed = isNamed
    self.stretch = stretch
    self.offset = offset
    self.lines = lines
    quietSince = now
    head = descriptor.head
    tail = descriptor.tail(before: offset)
    lineBegin = (offset, lines, tail)
  }

  var number: FollowedIdentity.Number { descriptor.number }

  var identity: FollowedIdentity { FollowedIdentity(number, head: head) }

  var place: FollowedPlace {
    FollowedPlace(identity: identity, folder: FollowedFolder.folder(of: path), offset: lineBegin.offset, lines: lineBegin.lines, tailChecksum: CRC32C.checksum(lineBegin.tail))
  }

  /// Whether there are lines to be had.
  func news(now: ContinuousClock.Instant) -> News {
    if isEmptied(now: now) { return .truncated }
    guard size > offset else { return .none }
    if offset == 0, head.first == 0 {
      // Who writes on where it was in a file that was emptied leaves a hole before its lines, which reads as zeros.
      guard let end = descriptor.firstOtherThanZero else { return .none }
      begin(at: end, lines: 0)
    }
    if isEnding || hasLine { return .lines }
    // A writer that cuts off what it began goes back.
    if size < searched { searched = offset }
    searched = max(searched, offset)
    while searched < size {
      let bytes = descriptor.bytes(searched..<searched + FollowedDescriptor.searchedBytes)
      guard !bytes.isEmpty else { return .none }
      if bytes.contains(0x0A) {
        hasLine = true
        return .lines
      }
      searched += Int64(bytes.count)
    }
    return .none
  }

  /// Looks at its size and at what was read, once for all that is asked of them: they may be others by the next time.
  private func isEmptied(now: ContinuousClock.Instant) -> Bool {
    let current = descriptor.bytes
    if current > size { quietSince = now }
    size = current
    let begin = descriptor.head
    guard size >= offset, begin.starts(with: head), descriptor.tail(before: offset) == tail else { return true }
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
    if offset == 0, head.starts(with: Self.byteOrderMark) { begin(at: Int64(Self.byteOrderMark.count), lines: 0) }
    var count = descriptor.read(into: buffer, at: offset)
    if count < 0 { throw InputError(.unreadable, "cannot read a followed file: \(String(cString: strerror(errno)))") }
    // What was read after it had been emptied is of another stretch.
    guard count > 0, let start = buffer.baseAddress, !isEmptied(now: now) else { return nil }
    let end = UnsafeRawBufferPointer(start: start, count: count).lastIndex(of: 0x0A)
    if let end {
      count = end + 1
    } else if !isEnding, !hasLine {
      return nil
    }
    let given = UnsafeRawBufferPointer(start: start, count: count)
    let piece = Piece(offset: offset, linesBefore: lines, bytes: count, lines: given.count { $0 == 0x0A }, isWhole: end != nil)
    offset += Int64(count)
    lines += UInt64(piece.lines)
    tail = Array((tail + given.suffix(Int(FollowedPlace.tailBytesMax))).suffix(Int(FollowedPlace.tailBytesMax)))
    if piece.isWhole {
      hasLine = false
      lineBegin = (offset, lines, tail)
    }
    return piece
  }

  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The followed name is another file's, or nobody's.
  func loseName(now: ContinuousClock.Instant) {
    guard isNamed else { return }
    isNamed = false
    quietSince = now
  }

  /// What is left is taken as it is.
  func finish() { isEnding = true }

  /// What is left is waited for again, unless some of its line has been given already.
  func resume() {
    if offset == lineBegin.offset { isEnding = false }
  }

  /// As it is kept when it is read no more; nil where it was deleted. With what it is called.
  var closed: (place: FollowedPlace, path: String)? {
    guard let path = descriptor.path else { return nil }
    var place = place
    place.closedBytes = size
    place.folder = FollowedFolder.folder(of: path)
    return (place, path)
  }

  /// Begins again, for the file was emptied.
  func rewind(as stretch: Int) {
    self.stretch = stretch
    isEnding = false
    head = descriptor.head
    begin(at: 0, lines: 0)
  }

  /// Goes on at the beginning of some line.
  func begin(at offset: Int64, lines: UInt64) {
    (self.offset, self.lines, tail) = (offset, lines, descriptor.tail(before: offset))
    lineBegin = (offset, lines, tail)
    (searched, hasLine) = (0, false)
  }
}
