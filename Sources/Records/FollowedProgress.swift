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

    func continues(in next: Segment) -> Bool {
      !isAddition && !next.isAddition && stretch == next.stretch && offset + Int64(next.streamOffset - streamOffset) == next.offset
        && lines + (next.streamLine - streamLine) == next.lines
    }
  }

  private var segments: [Segment] = []
  private var streamOffset: UInt64 = 0
  private var streamLine: UInt64 = 0
  /// What is stored of each file, in the order in which they were opened.
  private var stored: [Stored] = []

  private struct Stored: Sendable {
    var stretch: Int
    var place: FollowedPlace
    /// How far it has been given.
    var given: FollowedPlace
    /// Nil where it is read no more.
    var descriptor: FollowedDescriptor?
  }

  /// Files beside them that are not read.
  var others: [FollowedIdentity] = []
  /// Files that are read no more, and how they are kept.
  private var closing: [Int: FollowedPlace?] = [:]

  /// A stretch of a file, up to where it is emptied, which is read from some place on; without a file where it is kept as it is.
  mutating func open(_ stretch: Int, _ place: FollowedPlace, _ descriptor: FollowedDescriptor?) {
    stored.removeAll { $0.stretch == stretch }
    stored.append(Stored(stretch: stretch, place: place, given: place, descriptor: descriptor))
  }

  /// A file that is read no more: once all that was read of it is stored it is kept as it is given, or forgotten.
  mutating func close(_ stretch: Int, as place: FollowedPlace?) {
    closing[stretch] = .some(place)
    closeStored()
  }

  /// What was read of it is in another file.
  mutating func move(_ stretch: Int, to descriptor: FollowedDescriptor) {
    if let index = stored.firstIndex(where: { $0.stretch == stretch }) { stored[index].descriptor = descriptor }
  }

  /// A file that was kept, and is not to be once all that was read of it is stored.
  mutating func forget(_ stretch: Int) { close(stretch, as: nil) }

  private mutating func closeStored() {
    let unstored = Set(segments.map(\.stretch))
    for (stretch, place) in closing where !unstored.contains(stretch) {
      closing[stretch] = nil
      if let place, let index = stored.firstIndex(where: { $0.stretch == stretch }) {
        (stored[index].place, stored[index].descriptor) = (place, nil)
      } else {
        stored.removeAll { $0.stretch == stretch }
      }
    }
  }

  /// Keeps what files are known by up to date.
  mutating func know(_ stretch: Int, _ given: FollowedPlace) {
    guard let index = stored.firstIndex(where: { $0.stretch == stretch }) else { return }
    stored[index].place.identity = given.identity
    stored[index].given = given
  }

  /// Bytes of a file, given to the stream.
  ///
  /// - Parameters:
  ///   - place: where the file was read on from.
  ///   - lines: how many lines end in them.
  mutating func give(_ stretch: Int, bytes: Int, lines: Int, from place: (offset: Int64, lines: UInt64), isAddition: Bool = false) {
    let segment = Segment(streamOffset: streamOffset, streamLine: streamLine, stretch: stretch, offset: place.offset, lines: place.lines, isAddition: isAddition)
    // One that goes on where the last one ends is a part of it: there may be many before anything is stored.
    if segments.last.map({ !$0.continues(in: segment) }) ?? true { segments.append(segment) }
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
    defer { if !closing.isEmpty { closeStored() } }
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
  ///
  /// Where a file was emptied a moment ago, what is before its place is not what was stored: a later run must not find the place there.
  var places: [FollowedPlace] {
    stored.map { stored in
      guard let descriptor = stored.descriptor else { return stored.place }
      var place = stored.place.checked(in: descriptor)
      if !stored.given.isBehind(descriptor) { place.tailChecksum = ~place.tailChecksum }
      return place
    }
  }
}
