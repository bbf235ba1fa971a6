#if canImport(Glibc)
import Glibc
#endif
import Synchronization
package import Verdicts

/// The lines of a growing file as one stream, across rotation and truncation. Never ends but by an interruption.
///
/// A file that is renamed is read on beside the one that takes its name, for who writes it may be told late. Only whole lines are given, so
/// that lines of several files are never mixed; one that is never ended is ended where its file is given up.
package final class FollowedFile: ByteSource {
  private let path: String
  private let folder: FollowedFolder
  private let isInterrupted: @Sendable () -> Bool
  private let say: @Sendable (String) -> Void
  private let now: () -> ContinuousClock.Instant
  /// In the order in which they were opened.
  private var generations: [FollowedGeneration] = []
  private var generationsOpened = 0
  /// Where the search for lines goes on, so that no file waits for another.
  private var turn = 0
  /// The file in whose line the stream is.
  private var unended: FollowedGeneration?
  /// The files beside it that are known, or were there before.
  private var known: Set<FollowedFolder.Key> = []
  private var lookedAt: ContinuousClock.Instant?
  private var isAbsenceTold = false
  private let progress = Mutex(FollowedProgress())
  private let isCompressed = Atomic<Bool>(false)

  /// Between two looks at files that have not grown, and at which file has the name.
  private static let pauseMilliseconds: Int32 = 50
  /// How long a renamed file is watched that does not grow, and one that was deleted.
  private static let quietSeconds = 3_600
  private static let quietUnlinkedSeconds = 5
  /// Renamed files that are watched at the most; beyond them the one that has not grown for longest is given up.
  private static let renamedMax = 16
  /// How long a line may break off before lines of other files are let pass.
  private static let unendedSeconds = 1
  /// How exact the times of files and of hints are taken.
  private static let slackMicroseconds: Int64 = 2_000_000

  /// - Parameter say: told what whoever runs this should know.
  package init(
    path: String, isInterrupted: @escaping @Sendable () -> Bool, say: @escaping @Sendable (String) -> Void,
    now: @escaping () -> ContinuousClock.Instant = { .now }
  ) {
    self.path = path
    folder = FollowedFolder(of: path)
    self.isInterrupted = isInterrupted
    self.say = say
    self.now = now
  }

  /// Opens what is there. To be called once, before anything is read.
  ///
  /// - Parameter hint: where an earlier run stopped, if that is known.
  /// - Throws: ``InputError`` for a file that cannot be read, or that is none.
  package func open(from hint: FollowedHint?) throws {
    let beside = folder.entries
    if let hint { openEarlier(hint, beside) }
    known = Set(beside.map(\.key))
    try openNamed(isFirst: true)
    isCompressed.store(generations.first?.isCompressed ?? false, ordering: .relaxed)
  }

  // MARK: - What is stored

  /// Where refused lines of the stream stand in their files. To be called on any thread, before they are noted as stored.
  package func placed(_ refused: [Rejection]) -> [Rejection] {
    guard !refused.isEmpty, !isCompressed.load(ordering: .relaxed) else { return refused }
    return progress.withLock { progress in
      refused.map { rejection in
        var rejection = rejection
        rejection.position = progress.position(rejection.position)
        return rejection
      }
    }
  }

  /// Notes that the stream is stored up to some byte, at the beginning of a line. To be called on any thread.
  package func store(upTo offset: UInt64, line: UInt64) {
    guard !isCompressed.load(ordering: .relaxed) else { return }
    progress.withLock { $0.store(upTo: offset, line: line) }
  }

  /// How far each file is stored. To be asked on any thread.
  package var places: [FollowedPlace] { progress.withLock(\.places) }

  // MARK: - The stream

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      if isInterrupted() { throw InputError(.interrupted, "interrupted") }
      look()
      if let count = try readNext(into: buffer) { return count }
      giveUpQuiet()
      pause(Self.pauseMilliseconds)
    }
  }

  package func wait(milliseconds: Int32) -> Bool {
    var left = milliseconds
    while true {
      if isInterrupted() { return true }
      look()
      giveUpQuiet()
      let now = now()
      if generations.contains(where: { $0.news(now: now) != .none }) || unended.map({ isStuck($0, now) }) ?? false { return true }
      if left <= 0 { return false }
      pause(min(left, Self.pauseMilliseconds))
      left -= Self.pauseMilliseconds
    }
  }

  private func readNext(into buffer: UnsafeMutableRawBufferPointer) throws -> Int? {
    let now = now()
    if let generation = unended {
      switch generation.news(now: now) {
      case .truncated: return end(generation, buffer)
      case .lines, .none:
        if let count = try give(generation, buffer, now) { return count }
        return isStuck(generation, now) ? end(generation, buffer) : nil
      }
    }
    for step in generations.indices {
      let generation = generations[(turn + step) % generations.count]
      switch generation.news(now: now) {
      case .none: continue
      case .truncated:
        openCopy(of: generation)
        generation.rewind()
        progress.withLock { $0.open(generation.number, generation.place) }
        return try readNext(into: buffer)
      case .lines:
        guard let count = try give(generation, buffer, now) else { continue }
        turn = (turn + step + 1) % generations.count
        return count
      }
    }
    return nil
  }

  private func isStuck(_ generation: FollowedGeneration, _ now: ContinuousClock.Instant) -> Bool {
    generation.isEnding || now - generation.grewAt >= .seconds(Self.unendedSeconds) && !generation.isCompressed
  }

  private func give(_ generation: FollowedGeneration, _ buffer: UnsafeMutableRawBufferPointer, _ now: ContinuousClock.Instant) throws -> Int? {
    guard let piece = try generation.read(into: buffer, goesOn: unended != nil, now: now) else { return nil }
    unended = piece.isWhole ? nil : generation
    progress.withLock { progress in
      progress.know(generation.number, generation.place)
      progress.give(generation.number, bytes: piece.bytes, lines: piece.lines, from: (piece.offset, piece.linesBefore))
    }
    return piece.bytes
  }

  /// Ends a line that its file does not.
  private func end(_ generation: FollowedGeneration, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    unended = nil
    buffer[0] = 0x0A
    progress.withLock { $0.give(generation.number, bytes: 1, lines: 1, from: (generation.offset, generation.lines), isAddition: true) }
    return 1
  }

  // MARK: - Which files

  /// Whether the name is another file's than that of the newest that is open.
  private var isNameTaken: Bool {
    var named = stat()
    guard stat(path, &named) == 0, named.st_mode & S_IFMT == S_IFREG else { return false }
    return !generations.contains { $0.isNamed && $0.inode == UInt64(named.st_ino) && $0.device == UInt64(named.st_dev) }
  }

  /// Opens the file that has taken the name, and those that had it for a moment in between.
  private func look() {
    let now = now()
    if let lookedAt, now - lookedAt < .milliseconds(Int(Self.pauseMilliseconds)) { return }
    lookedAt = now
    guard isNameTaken || generations.isEmpty else { return }
    for generation in generations { generation.isNamed = false }
    try? openNamed(isFirst: false)
    let beside = folder.entries
    for entry in beside where !known.contains(entry.key) && !generations.contains(where: { $0.inode == entry.key.inode }) {
      if let descriptor = Self.open(entry.path) { add(descriptor, isNamed: false) }
    }
    known = Set(beside.map(\.key))
  }

  private func openNamed(isFirst: Bool) throws {
    guard let descriptor = Self.open(path) else {
      let reason = errno
      var status = stat()
      if isFirst, stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
        throw InputError(.unreadable, "\(path) is no regular file; --follow takes files, and without it a pipe is read to its end")
      }
      if isFirst, reason != ENOENT { throw InputError(.unreadable, "cannot open \(path): \(String(cString: strerror(reason))); check its permissions") }
      if !isAbsenceTold { say("\(path): \(reason == ENOENT ? "no such file yet" : String(cString: strerror(reason))); waiting for it") }
      isAbsenceTold = true
      return
    }
    isAbsenceTold = false
    var status = stat()
    fstat(descriptor, &status)
    if let earlier = generations.first(where: { $0.inode == UInt64(status.st_ino) && $0.device == UInt64(status.st_dev) }) {
      earlier.isNamed = true
      close(descriptor)
    } else {
      add(descriptor, isNamed: true)
    }
  }

  /// - Returns: nil for what is absent, may not be read, or is no regular file.
  private static func open(_ path: String) -> Int32? {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      errno = ENOENT
      return nil
    }
    return descriptor
  }

  private func add(_ descriptor: Int32, isNamed: Bool, offset: Int64 = 0, lines: UInt64 = 0) {
    let generation = FollowedGeneration(descriptor, number: generationsOpened, offset: offset, lines: lines, now: now())
    generation.isNamed = isNamed
    generationsOpened += 1
    generations.append(generation)
    progress.withLock { $0.open(generation.number, generation.place) }
  }

  /// Opens the files that an earlier run was reading, whatever they are called by now, and those that had the name since.
  private func openEarlier(_ hint: FollowedHint, _ beside: [FollowedFolder.Entry]) {
    let since = hint.notedAt - Self.slackMicroseconds
    let recent = beside.filter { $0.key.changedAt >= since }
    for place in hint.places {
      // By its number; or, where it was emptied, the copy of what it held.
      let isOpen =
        ([path] + beside.map(\.path)).contains { open($0, at: place, isCopy: false) } || place.headBytes > 0
        && recent.contains { open($0.path, at: place, isCopy: true) }
      if !isOpen, place.offset > 0 { say("\(path): a file that was followed before is gone; what it held after byte \(place.offset) is not read") }
    }
    for entry in recent where !generations.contains(where: { $0.inode == entry.key.inode }) {
      if let descriptor = Self.open(entry.path) { add(descriptor, isNamed: false) }
    }
  }

  /// Opens a file if it is the one of a place, or a copy of it, and as long.
  private func open(_ candidate: String, at place: FollowedPlace, isCopy: Bool) -> Bool {
    guard let descriptor = Self.open(candidate) else { return false }
    var status = stat()
    let isOpen = generations.contains { fstat(descriptor, &status) == 0 && $0.inode == UInt64(status.st_ino) }
    guard !isOpen, fstat(descriptor, &status) == 0, Int64(status.st_size) >= place.offset,
      FollowedPlace.checksum(FollowedGeneration.head(of: descriptor, bytes: place.headBytes)) == place.headChecksum,
      isCopy || UInt64(status.st_ino) == place.inode && UInt64(status.st_dev) == place.device
    else {
      close(descriptor)
      return false
    }
    add(descriptor, isNamed: false, offset: place.offset, lines: place.lines)
    return true
  }

  /// What was in a file when it was emptied may be in a copy, and nowhere else.
  private func openCopy(of generation: FollowedGeneration) {
    let beside = folder.entries
    let place = generation.place
    if place.headBytes > 0 { _ = beside.filter { !known.contains($0.key) }.reversed().contains { open($0.path, at: place, isCopy: true) } }
    known = Set(beside.map(\.key))
  }

  /// Gives up renamed files that do not grow any more.
  private func giveUpQuiet() {
    let now = now()
    let renamed = generations.filter { !$0.isNamed }
    var given: FollowedGeneration?
    if renamed.count > Self.renamedMax { given = renamed.min { $0.grewAt < $1.grewAt } }
    for generation in renamed where generation === given || now - generation.grewAt >= .seconds(generation.isUnlinked ? Self.quietUnlinkedSeconds : Self.quietSeconds) {
      if !generation.isEnding {
        // What is left of it has no end, and gets none.
        generation.isEnding = true
      } else if unended !== generation, generation.news(now: now) == .none {
        generations.removeAll { $0 === generation }
        known.insert(generation.key)
        progress.withLock { $0.close(generation.number) }
      }
    }
  }

  private func pause(_ milliseconds: Int32) { usleep(UInt32(max(1, milliseconds)) * 1_000) }
}
