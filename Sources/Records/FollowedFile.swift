#if canImport(Glibc)
import Glibc
#endif
import Synchronization
package import Verdicts

/// The lines of a growing file as one stream, across rotation and truncation. Never ends but by an interruption.
///
/// A file that is renamed is read on beside the one that takes its name, for who writes it may be told late. Only whole lines are given,
/// however long, so that lines of several files are never mixed; one that is never ended is ended where its file is given up.
package final class FollowedFile: ByteSource {
  private let generations: FollowedGenerations
  private let isInterrupted: @Sendable () -> Bool
  private let now: () -> ContinuousClock.Instant
  /// Where the search for lines goes on, so that no file waits for another.
  private var turn = 0
  /// The file in whose line the stream is.
  private var unended: FollowedGeneration?
  private let progress: Progress

  private final class Progress: Sendable {
    let of = Mutex(FollowedProgress())
  }

  /// Between two looks at files that have not grown.
  private static let pauseMilliseconds: Int32 = 50

  /// - Parameter say: told what whoever runs this should know.
  package init(
    path: String, bounds: FollowedBounds, isInterrupted: @escaping @Sendable () -> Bool, say: @escaping @Sendable (String) -> Void,
    now: @escaping () -> ContinuousClock.Instant = { .now }
  ) {
    self.isInterrupted = isInterrupted
    self.now = now
    let progress = Progress()
    self.progress = progress
    generations = FollowedGenerations(
      path: path, bounds: bounds, now: now,
      observer: FollowedGenerations.Observer(
        onOpen: { generation in progress.of.withLock { $0.open(generation.stretch, generation.place, generation.descriptor) } },
        onClose: { generation, place in progress.of.withLock { $0.close(generation.stretch, as: place) } },
        onMove: { generation, descriptor in progress.of.withLock { $0.move(generation.stretch, to: descriptor) } },
        onKeep: { stretch, place in progress.of.withLock { $0.open(stretch, place, nil) } },
        onForget: { stretch in progress.of.withLock { $0.forget(stretch) } },
        onOthers: { others in progress.of.withLock { $0.others = Array(others) } }, say: say))
  }

  /// Opens what is there. To be called once, before anything is read.
  ///
  /// - Parameter hint: where an earlier run stopped, if that is known.
  /// - Throws: ``InputError`` for a file that cannot be read, or that is none.
  package func open(from hint: FollowedHint?) throws {
    try generations.open(from: hint)
  }

  // MARK: - What is stored

  /// Where refused lines of the stream stand in their files. To be called on any thread, before they are noted as stored.
  package func placed(_ refused: [Rejection]) -> [Rejection] {
    guard !refused.isEmpty else { return refused }
    return progress.of.withLock { progress in
      refused.map { rejection in
        var rejection = rejection
        rejection.position = progress.position(rejection.position)
        return rejection
      }
    }
  }

  /// Notes that the stream is stored up to some byte, at the beginning of a line. To be called on any thread.
  package func store(upTo offset: UInt64, line: UInt64) {
    progress.of.withLock { $0.store(upTo: offset, line: line) }
  }

  /// How far each file is stored. To be asked on any thread.
  ///
  /// - Parameters:
  ///   - fingerprint: ``FollowedHint/fingerprint(of:)``.
  ///   - notedAt: in microseconds since 1970.
  package func hint(fingerprint: UInt32, notedAt: Int64) -> FollowedHint {
    progress.of.withLock { FollowedHint(fingerprint: fingerprint, notedAt: notedAt, places: $0.places, others: $0.others) }
  }

  // MARK: - The stream

  package func read(into buffer: UnsafeMutableRawBufferPointer, within milliseconds: Int32?) throws -> Int? {
    var left = milliseconds ?? .max
    while true {
      if isInterrupted() { throw InputError(.interrupted, "interrupted") }
      if generations.look() { generations.giveUpQuiet(sparing: unended) }
      if let count = try readNext(into: buffer) { return count }
      if left <= 0 { return nil }
      usleep(UInt32(min(left, Self.pauseMilliseconds)) * 1_000)
      if milliseconds != nil { left -= Self.pauseMilliseconds }
    }
  }

  private func readNext(into buffer: UnsafeMutableRawBufferPointer) throws -> Int? {
    let now = now()
    if let generation = unended {
      if generation.news(now: now) == .lines, let count = try give(generation, buffer, now) { return count }
      return end(generation, buffer)
    }
    for step in generations.all.indices {
      let generation = generations.all[(turn + step) % generations.all.count]
      switch generation.news(now: now) {
      case .none: continue
      case .truncated:
        generations.rewind(generation)
        return try readNext(into: buffer)
      case .lines:
        guard let count = try give(generation, buffer, now) else { continue }
        turn = (turn + step + 1) % generations.all.count
        return count
      }
    }
    return nil
  }

  private func give(_ generation: FollowedGeneration, _ buffer: UnsafeMutableRawBufferPointer, _ now: ContinuousClock.Instant) throws -> Int? {
    guard let piece = try generation.read(into: buffer, now: now) else { return nil }
    unended = piece.isWhole ? nil : generation
    progress.of.withLock { progress in
      progress.know(generation.stretch, generation.place)
      progress.give(generation.stretch, bytes: piece.bytes, lines: piece.lines, from: (piece.offset, piece.linesBefore))
    }
    return piece.bytes
  }

  /// Ends a line that its file does not.
  private func end(_ generation: FollowedGeneration, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    unended = nil
    buffer[0] = 0x0A
    // Before the line's end is given: what is kept of the file is the beginning of the line, should it go on after all.
    if generation.isEnding, generation.news(now: now()) != .truncated { generations.giveUp(generation) }
    progress.of.withLock { $0.give(generation.stretch, bytes: 1, lines: 1, from: (generation.offset, generation.lines), isAddition: true) }
    return 1
  }
}
