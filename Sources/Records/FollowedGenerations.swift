#if canImport(Glibc)
import Glibc
#endif

/// The files that have a followed name, or had it and may still grow.
final class FollowedGenerations {
  /// Told what changes.
  struct Observer {
    var onOpen: (FollowedGeneration) -> Void
    var onClose: (FollowedGeneration) -> Void
    /// The files beside it that are not read.
    var onOthers: (ArraySlice<FollowedIdentity>) -> Void
    /// What whoever runs this should know.
    var say: @Sendable (String) -> Void
  }

  /// In the order in which they were opened.
  private(set) var all: [FollowedGeneration] = []
  private let path: String
  private let folder: FollowedFolder
  private let bounds: FollowedBounds
  private let now: () -> ContinuousClock.Instant
  private let observer: Observer
  private var stretches = 0
  /// The files beside it that were there when they were last looked at.
  private var known: [FollowedIdentity.Number: FollowedIdentity] = [:]
  /// Of them those that are not read, or no more, in the order in which they were last written to.
  private var others: [FollowedIdentity] = []
  private var lookedAt: ContinuousClock.Instant?
  /// As of the last time that the files beside it were looked at, and when they were last seen to have changed.
  private var folderChangesAt: [Int64] = []
  private var sawChangeAt: ContinuousClock.Instant?
  private var isAbsenceTold = false
  private var isBoundTold = false

  /// Between two looks at which file has the name.
  private static let lookMilliseconds = 50
  /// How long the files beside are looked at again after a change, for the times of folders are exact to a clock tick only.
  private static let settlingMilliseconds = 500
  /// How long a deleted file is watched that does not grow.
  private static let quietUnlinkedSeconds: Int64 = 5
  /// How exact the times of files and of hints are taken.
  private static let slackMicroseconds: Int64 = 2_000_000

  init(path: String, bounds: FollowedBounds, now: @escaping () -> ContinuousClock.Instant, observer: Observer) {
    self.path = path
    self.bounds = bounds
    folder = FollowedFolder(of: path)
    self.now = now
    self.observer = observer
  }

  /// Opens what is there. To be called once.
  ///
  /// - Throws: ``InputError`` for a file that cannot be read, or that is none.
  func open(from hint: FollowedHint?) throws {
    let beside = folder.entries
    if let hint { openEarlier(hint, beside) }
    know(beside)
    try openNamed(isFirst: true)
  }

  // MARK: - While it is followed

  /// Opens the file that has taken the name, and those that had it for a moment in between.
  func look() {
    let now = now()
    if let lookedAt, now - lookedAt < .milliseconds(Self.lookMilliseconds) { return }
    let isFirst = lookedAt == nil
    lookedAt = now
    let named = FollowedIdentity.Number(of: path)
    // The first time for what has come since it was opened.
    if !isFirst, let named, all.contains(where: { $0.isNamed && $0.number == named }) { return }
    for generation in all { generation.loseName(now: now) }
    try? openNamed(isFirst: false)
    // A copy is there before its file is emptied: as long as the name is its file's, nothing beside it is looked at.
    guard named != nil || isFolderChanged(now) else { return }
    let beside = folder.entries
    for entry in beside where isNew(entry) { open(entry) }
    know(beside)
  }

  /// Whether files may have come or gone since this was last asked.
  private func isFolderChanged(_ now: ContinuousClock.Instant) -> Bool {
    let changesAt = folder.changesAt
    if changesAt != folderChangesAt { sawChangeAt = now }
    folderChangesAt = changesAt
    return sawChangeAt.map { now - $0 < .milliseconds(Self.settlingMilliseconds) } ?? false
  }

  private func openNamed(isFirst: Bool) throws {
    guard let descriptor = Self.open(path) else {
      let reason = errno
      var status = stat()
      if isFirst, stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
        throw InputError(.unreadable, "\(path) is no regular file; --follow takes files, and without it a pipe is read to its end")
      }
      if isFirst, reason != ENOENT { throw InputError(.unreadable, "cannot open \(path): \(String(cString: strerror(reason))); check its permissions") }
      // Between a rotation and the new file there is none for a moment.
      guard !isAbsenceTold, reason != ENOENT || all.isEmpty else { return }
      observer.say("\(path): \(reason == ENOENT ? "no such file yet" : String(cString: strerror(reason))); waiting for it")
      isAbsenceTold = true
      return
    }
    isAbsenceTold = false
    var status = stat()
    fstat(descriptor, &status)
    if let earlier = all.first(where: { $0.number == FollowedIdentity.Number(status) }) {
      earlier.isNamed = true
      earlier.isEnding = false
      close(descriptor)
    } else {
      add(descriptor, at: path, isNamed: true)
    }
  }

  /// Begins again with a file that was emptied, and opens the copies of what it held.
  func rewind(_ generation: FollowedGeneration) {
    openCopies(of: generation.place)
    observer.onClose(generation)
    generation.rewind(as: stretches)
    stretches += 1
    observer.onOpen(generation)
  }

  /// What was in a file when it was emptied may be in a copy, and nowhere else; where it was emptied twice between two looks, in two.
  private func openCopies(of place: FollowedPlace) {
    let beside = folder.entries
    var isFound = place.identity.headBytes == 0
    for entry in beside where isNew(entry) {
      if !isFound, open(entry.path, at: place, isCopy: true) {
        isFound = true
      } else {
        open(entry)
      }
    }
    know(beside)
  }

  /// Gives up renamed files that do not grow any more.
  ///
  /// - Parameter unended: one whose line is not ended yet.
  func giveUpQuiet(sparing unended: FollowedGeneration?) {
    let now = now()
    let renamed = all.filter { !$0.isNamed }
    var given: FollowedGeneration?
    if renamed.count > bounds.renamedFilesMax { given = renamed.first(where: \.isEnding) ?? renamed.min { $0.quietSince < $1.quietSince } }
    for generation in renamed {
      let quietSeconds = generation.isUnlinked ? min(Self.quietUnlinkedSeconds, bounds.renamedQuietSeconds) : bounds.renamedQuietSeconds
      guard generation.isEnding || generation === given || now - generation.quietSince >= .seconds(quietSeconds) else { continue }
      if !generation.isEnding {
        // What is left of it has no end, and gets none.
        generation.isEnding = true
        if generation === given { tellBound() }
      } else if unended !== generation, generation.news(now: now) == .none {
        all.removeAll { $0 === generation }
        observer.onClose(generation)
        know(generation)
      }
    }
  }

  private func tellBound() {
    guard !isBoundTold else { return }
    isBoundTold = true
    observer.say(
      "\(path): more than \(bounds.renamedFilesMax) files that had the name before are open (--renamed-files-max); from now on the one that has not grown for longest is given up, and what is still written to it is not read"
    )
  }

  // MARK: - From one run to the next

  /// Opens the files that an earlier run was reading, whatever they are called by now, and those that had the name since.
  private func openEarlier(_ hint: FollowedHint, _ beside: [FollowedFolder.Entry]) {
    known = Dictionary(hint.others.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    let isComplete = hint.others.count < FollowedHint.othersMax
    let fresh = beside.filter { isNew($0) && (isComplete || $0.changedAt >= hint.notedAt - Self.slackMicroseconds) }
    let moved = hint.places.filter { place in
      let candidates = [path] + beside.map(\.path) + FollowedFolder.paths(of: place.identity.number, in: folder.folders + [place.folder])
      return !candidates.contains { open($0, at: place, isCopy: false) }
    }
    for place in moved {
      // Where it was emptied, what it held may be in a copy.
      if place.identity.headBytes > 0, fresh.contains(where: { open($0.path, at: place, isCopy: true) }) { continue }
      guard place.offset > 0 else { continue }
      let isEmptied = FollowedIdentity.Number(of: path) == place.identity.number
      observer.say(
        "\(path): " + (isEmptied ? "it was emptied, and no copy of it is in \(place.folder)" : "a file that had the name is not in \(place.folder) any more")
          + "; it was read up to byte \(place.offset): if more was written to it, ingest it from where it is now, packed or not, and what is stored counts once"
      )
    }
    for entry in fresh where isNew(entry) { open(entry) }
  }

  /// Opens a file if it is the one of a place, or a copy of it, and as long.
  private func open(_ candidate: String, at place: FollowedPlace, isCopy: Bool) -> Bool {
    guard let descriptor = Self.open(candidate) else { return false }
    var status = stat()
    fstat(descriptor, &status)
    let number = FollowedIdentity.Number(status)
    guard !all.contains(where: { $0.number == number }), Int64(status.st_size) >= place.offset, isCopy || number == place.identity.number,
      place.identity.begins(FollowedIdentity.head(of: descriptor))
    else {
      close(descriptor)
      return false
    }
    add(descriptor, at: candidate, isNamed: false, offset: place.offset, lines: place.lines)
    return true
  }

  // MARK: - Files beside

  /// Whether a file has come since files beside were last looked at.
  private func isNew(_ entry: FollowedFolder.Entry) -> Bool {
    !all.contains { $0.number == entry.number } && known[entry.number]?.begins(entry.head) != true
  }

  /// Whatever is new among them must have been opened before.
  private func know(_ beside: [FollowedFolder.Entry]) {
    known = Dictionary(beside.map { ($0.number, $0.identity) }, uniquingKeysWith: { first, _ in first })
    others = beside.map(\.identity).filter { other in !all.contains { $0.number == other.number } }
    observer.onOthers(others.suffix(FollowedHint.othersMax))
  }

  /// A file that is read no more.
  private func know(_ generation: FollowedGeneration) {
    known[generation.number] = generation.identity
    others.append(generation.identity)
    observer.onOthers(others.suffix(FollowedHint.othersMax))
  }

  private func open(_ entry: FollowedFolder.Entry) {
    if let descriptor = Self.open(entry.path) {
      add(descriptor, at: entry.path, isNamed: false)
    } else if errno != ENOENT {
      observer.say("cannot open \(entry.path), which may have had the name of \(path): \(String(cString: strerror(errno))); what it holds is not read")
    }
  }

  private func add(_ descriptor: Int32, at path: String, isNamed: Bool, offset: Int64 = 0, lines: UInt64 = 0) {
    let generation = FollowedGeneration(descriptor, at: path, isNamed: isNamed, stretch: stretches, offset: offset, lines: lines, now: now())
    stretches += 1
    all.append(generation)
    observer.onOpen(generation)
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
}
