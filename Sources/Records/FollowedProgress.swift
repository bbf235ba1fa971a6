import Verdicts

/// Which bytes of a stream are of which file, and how far each file has been stored.
struct FollowedProgress: Sendable {
  /// From where on bytes of the stream are of a file.
  private struct Segment: Sendable {
    var streamOffset: UInt64
    var streamLine: UInt64
    var stretch: Int
    var offset: Int64
    var lines: UInt64
    /// A line's end that its file does not have.
    var isAddition = false
  }

  private var segments: [Segment] = []
  private var streamOffset: UInt64 = 0
  private var streamLine: UInt64 = 0
  /// What is stored of each file, in the order in which they were opened.
  private var stored: [(stretch: Int, place: FollowedPlace)] = []
  /// Files beside them that are not read.
  var others: [FollowedIdentity] = []
  private var closing: Set<Int> = []

  /// A stretch of a file, up to where it is emptied, which is read from some place on.
  mutating func open(_ stretch: Int, _ place: FollowedPlace) {
    stored.removeAll { $0.stretch == stretch }
    stored.append((stretch, place))
  }

  /// A file that is read no more: forgotten once all that was read of it is stored.
  mutating func close(_ stretch: Int) {
    closing.insert(stretch)
    forgetClosed()
  }

  private mutating func forgetClosed() {
    let unstored = Set(segments.map(\.stretch))
    stored.removeAll { closing.contains($0.stretch) && !unstored.contains($0.stretch) }
    closing.formIntersection(stored.map(\.stretch))
  }

  /// Keeps what files are known by up to date.
  mutating func know(_ stretch: Int, _ identity: FollowedIdentity) {
    guard let index = stored.firstIndex(where: { $0.stretch == stretch }) else { return }
    stored[index].place.identity = identity
  }

  /// Bytes of a file, given to the stream.
  ///
  /// - Parameters:
  ///   - place: where the file was read on from.
  ///   - lines: how many lines end in them.
  mutating func give(_ stretch: Int, bytes: Int, lines: Int, from place: (offset: Int64, lines: UInt64), isAddition: Bool = false) {
    segments.append(
      Segment(streamOffset: streamOffset, streamLine: streamLine, stretch: stretch, offset: place.offset, lines: place.lines, isAddition: isAddition))
    streamOffset += UInt64(bytes)
    streamLine += UInt64(lines)
  }

  /// Where a line of the stream stands in its file.
  func position(_ position: LinePosition) -> LinePosition {
    guard let segment = segments.last(where: { $0.streamLine < position.line && $0.streamOffset <= position.offset }) else { return position }
    var found = position
    found.line = segment.lines + (position.line - segment.streamLine)
    found.offset = UInt64(segment.offset) + (position.offset - segment.streamOffset)
    return found
  }

  /// Notes that the stream is stored up to some byte, which begins a line.
  ///
  /// - Parameter line: lines before it.
  mutating func store(upTo offset: UInt64, line: UInt64) {
    defer { if !closing.isEmpty { forgetClosed() } }
    while let segment = segments.first, segment.streamOffset < offset {
      let isWhole = segments.count > 1 ? segments[1].streamOffset <= offset : streamOffset <= offset
      let end = min(offset, segments.count > 1 ? segments[1].streamOffset : streamOffset)
      let endLine = isWhole ? (segments.count > 1 ? segments[1].streamLine : streamLine) : line
      if !segment.isAddition, let index = stored.firstIndex(where: { $0.stretch == segment.stretch }) {
        stored[index].place.offset = segment.offset + Int64(end - segment.streamOffset)
        stored[index].place.lines = segment.lines + (endLine - segment.streamLine)
      }
      if isWhole {
        segments.removeFirst()
      } else {
        segments[0].offset += Int64(end - segment.streamOffset)
        segments[0].lines += endLine - segment.streamLine
        (segments[0].streamOffset, segments[0].streamLine) = (end, endLine)
        return
      }
    }
  }

  /// How far each file is stored.
  var places: [FollowedPlace] { stored.map(\.place) }
}
