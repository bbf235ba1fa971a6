#if canImport(Glibc)
import Glibc
#endif

/// The files that have a followed name, or had it and may still grow.
final class FollowedGenerations {
  /// Told what changes.
  struct Observer {
    var onOpen: (FollowedGeneration) -> Void
    /// How it is kept, if it is.
    var onClose: (FollowedGeneration, FollowedPlace?) -> Void
    /// What a file held before it was emptied is in a copy.
    var onMove: (FollowedGeneration, FollowedDescriptor) -> Void
    /// A file that an earlier run gave up is kept as it is, or not any more.
    var onKeep: (Int, FollowedPlace) -> Void
    var onForget: (Int) -> Void
    /// The files beside it that are not read.
    var onOthers: (ArraySlice<FollowedIdentity>) -> Void
    /// What whoever runs this should know.
    var say: @Sendable (String) -> Void
  }

  /// In the order in which they were opened.
  private(set) var all: [FollowedGeneration] = []
  let path: String
  let folder: FollowedFolder
  private let bounds: FollowedBounds
  private let now: () -> ContinuousClock.Instant
  let observer: Observer
  var stretches = 0
  /// The files beside it that were there when they were last looked at.
  var known: [FollowedIdentity.Number: FollowedIdentity] = [:]
  /// Those that were missing then for the first time: names may change while they are listed.
  private var missing: [FollowedIdentity.Number: FollowedIdentity] = [:]
  /// Of them those that are not read, or no more, in the order in which they were last written to.
  private var others: [FollowedIdentity] = []
  private var lookedAt: ContinuousClock.Instant?
  /// As of the last time that the files beside it were looked at, and when they were last seen to have changed.
  private var folderChangesAt: [Int64] = []
  private var sawChangeAt: ContinuousClock.Instant?
  private var isAbsenceTold = false
  /// The file that had the name when it was last another's than that of one that is open.
  private var namedBefore: FollowedIdentity.Number?
  private var isBoundTold = false
  private var isNamingTold = false
  private var isUnreadableTold = false
  /// Files that were given up, and when they were last looked at.
  var closed = FollowedClosed()
  private var lookedAtClosedAt: ContinuousClock.Instant?

  /// Between two looks at which file has the name.
  private static let lookMilliseconds = 50
  /// How long the files beside are looked at again after a change, for the times of folders are exact to a clock tick only.
  private static let settlingMilliseconds = 500
  /// Between two looks at files that were given up.
  private static let lookAtClosedSeconds = 5
  /// How long a deleted file is watched that does not grow.
  private static let quietUnlinkedSeconds: Int64 = 5
  /// How exact the times of files and of hints are taken.
  static let slackMicroseconds: Int64 = 2_000_000

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
    for (folder, reason) in folder.unlistable { observer.say("cannot list \(folder): \(reason); files that had the name of \(path) are not found there") }
    let beside = folder.entries
    if let hint {
      openEarlier(hint, beside)
    } else {
      know(beside)
      if let last = beside.last {
        observer.say(
          "\(path): no earlier run is known, so what lies beside it (\(last.path)\(beside.count > 1 ? " and \(beside.count - 1) more" : "")) is not read: ingest it without --follow if it is not stored yet"
        )
      }
    }
    try openNamed(isFirst: true)
    sawChangeAt = now()
  }

  // MARK: - While it is followed

  /// Opens the file that has taken the name, and those that had it for a moment in between.
  ///
  /// - Returns: false where the last look was only just now.
  func look() -> Bool {
    let now = now()
    if let lookedAt, now - lookedAt < .milliseconds(Self.lookMilliseconds) { return false }
    lookedAt = now
    let named = FollowedIdentity.Number(of: path)
    let isSame = named != nil && all.contains { $0.isNamed && $0.number == named }
    if !isSame {
      for generation in all where generation.isNamed {
        generation.loseName(now: now)
        if let renamed = generation.descriptor.path, renamed != generation.path { checkNaming(renamed) }
      }
      if named != nil, named != namedBefore {
        namedBefore = named
        sawChangeAt = now
        // Before the newest: a run that ends in between must not take that one for the only one.
        takeIn()
        try? openNamed(isFirst: false)
        return true
      }
      namedBefore = named
      lookForChange(now)
      try? openNamed(isFirst: false)
    }
    if lookedAtClosedAt.map({ now - $0 >= .seconds(Self.lookAtClosedSeconds) }) ?? true {
      lookedAtClosedAt = now
      openGrown()
    }
    // A copy is there before its file is emptied: while the name stays with its file, nothing beside it is looked at.
    guard let sawChangeAt, now - sawChangeAt < .milliseconds(Self.settlingMilliseconds) else { return true }
    takeIn()
    return true
  }

  /// Whether files have come or gone where nothing has the name.
  private func lookForChange(_ now: ContinuousClock.Instant) {
    let changesAt = folder.changesAt
    if changesAt != folderChangesAt { sawChangeAt = now }
    folderChangesAt = changesAt
  }

  /// Opens what is new beside it.
  private func takeIn() {
    let beside = folder.entries
    for file in closed.find(among: beside) { observer.onForget(file.stretch) }
    openGrown()
    know(beside.filter { !isNew($0) || open($0) })
  }

  /// Opens files that were given up and have grown since.
  private func openGrown() {
    for file in closed.grown {
      switch open(file.path, file.number, at: file.place) {
      case .opened, .another:
        closed.forget(file)
        observer.onForget(file.stretch)
      case .absent: break
      case .unreadable(let reason):
        guard !isUnreadableTold else { break }
        isUnreadableTold = true
        observer.say("cannot open \(file.path), which has grown: \(reason); what it holds after byte \(file.place.offset) is not read as long as that is so")
      }
    }
  }

  /// Tells whoever runs this where files are given names that say nothing.
  func checkNaming(_ renamed: String) {
    guard !isNamingTold, !folder.isFound(renamed) else { return }
    isNamingTold = true
    observer.say(
      "\(path): a file that had the name is \(renamed) now, and is read on; one that has the name between two looks, or while nobody follows, is not found by such a name: ingest it without --follow"
    )
  }

  private func openNamed(isFirst: Bool) throws {
    guard let descriptor = FollowedDescriptor.open(path) else {
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
    if let kept = closed.files.first(where: { $0.number == descriptor.number }), case .opened = open(path, kept.number, at: kept.place) {
      closed.forget(kept)
      observer.onForget(kept.stretch)
    }
    if let earlier = all.first(where: { $0.number == descriptor.number }) {
      earlier.isNamed = true
      earlier.resume()
    } else {
      add(descriptor, at: path, isNamed: true)
    }
  }

  /// Begins again with a file that was emptied, and opens the copies of what it held.
  func rewind(_ generation: FollowedGeneration) {
    openCopies(of: generation)
    observer.onClose(generation, nil)
    generation.rewind(as: stretches)
    stretches += 1
    observer.onOpen(generation)
  }

  /// What was in a file when it was emptied may be in a copy, and nowhere else; where it was emptied twice between two looks, in two.
  private func openCopies(of generation: FollowedGeneration) {
    let place = generation.place
    let beside = folder.entries
    var isFound = place.identity.headBytes == 0
    let settled = beside.filter { entry in
      guard isNew(entry) else { return true }
      guard !isFound, isOpened(entry.path, entry.number, at: place, of: generation) else { return open(entry) }
      isFound = true
      return true
    }
    // One that was there at the start, before its file was emptied; by a few bytes alone it is not told from others.
    if !isFound, place.offset > 0 || place.identity.headBytes == FollowedIdentity.headBytesMax { _ = beside.contains { isOpened($0.path, $0.number, at: place, of: generation) } }
    know(settled)
  }

  /// Gives up renamed files that do not grow any more: what is left of them is taken as a line.
  ///
  /// - Parameter unended: one whose line is not ended yet.
  func giveUpQuiet(sparing unended: FollowedGeneration?) {
    let now = now()
    let renamed = all.filter { !$0.isNamed }
    var given: FollowedGeneration?
    if renamed.count > bounds.renamedFilesMax { given = renamed.first(where: \.isEnding) ?? renamed.min { $0.quietSince < $1.quietSince } }
    for generation in renamed {
      let news = generation.news(now: now)
      let quietSeconds = generation.descriptor.isUnlinked ? min(Self.quietUnlinkedSeconds, bounds.renamedQuietSeconds) : bounds.renamedQuietSeconds
      guard generation.isEnding || generation === given || news == .none && now - generation.quietSince >= .seconds(quietSeconds) else { continue }
      if !generation.isEnding {
        // What is left of it has no end, and gets none.
        generation.finish()
        if generation === given { tellBound() }
      } else if unended !== generation, news == .none {
        giveUp(generation)
      }
    }
  }

  /// Reads a file no more, unless it grows after all.
  func giveUp(_ generation: FollowedGeneration) {
    all.removeAll { $0 === generation }
    let kept = generation.closed
    observer.onClose(generation, kept?.place)
    know(generation)
    guard let kept, let forgotten = closed.keep(FollowedClosed.File(stretch: generation.stretch, place: kept.place, path: kept.path)) else { return }
    observer.onForget(forgotten.stretch)
  }

  private func tellBound() {
    guard !isBoundTold else { return }
    isBoundTold = true
    observer.say(
      "\(path): more than \(bounds.renamedFilesMax) files that had the name before are open (--renamed-files-max); from now on the one that has not grown for longest is looked at every \(Self.lookAtClosedSeconds) seconds only"
    )
  }

  // MARK: - Files beside

  enum Opening {
    case opened, another, absent
    case unreadable(String)
  }

  /// Opens a file if it has a number and holds what was before a place: that file itself, or a copy of it.
  ///
  /// - Parameter emptied: of what it is a copy.
  func open(_ candidate: String, _ number: FollowedIdentity.Number, at place: FollowedPlace, of emptied: FollowedGeneration? = nil) -> Opening {
    guard let descriptor = FollowedDescriptor.open(candidate) else { return errno == ENOENT ? .absent : .unreadable(String(cString: strerror(errno))) }
    guard descriptor.number == number, !all.contains(where: { $0.number == number }), place.isBehind(descriptor) else { return .another }
    if let emptied { observer.onMove(emptied, descriptor) }
    add(descriptor, at: candidate, isNamed: false, offset: place.offset, lines: place.lines)
    return .opened
  }

  /// Whether a file has come since files beside were last looked at. One that was empty then, and has something now, may be another.
  func isNew(_ entry: FollowedFolder.Entry) -> Bool {
    if all.contains(where: { $0.number == entry.number }) { return false }
    guard let earlier = known[entry.number] else { return true }
    guard let head = entry.head else { return false }
    return earlier.headBytes == 0 ? !head.isEmpty : !earlier.begins(head)
  }

  /// Whatever is new among them must have been opened before.
  func know(_ beside: [FollowedFolder.Entry]) {
    let before = known.filter { missing[$0.key] == nil }
    // One that cannot be read for a moment is known by what it was.
    let found = beside.map { entry in entry.head == nil ? known[entry.number] ?? entry.identity : entry.identity }
    known = Dictionary(found.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    missing = before.filter { known[$0.key] == nil }
    known.merge(missing) { found, _ in found }
    others = found.filter { other in !all.contains { $0.number == other.number } }
    observer.onOthers(others.suffix(FollowedHint.othersMax))
  }

  /// A file that is read no more.
  private func know(_ generation: FollowedGeneration) {
    known[generation.number] = generation.identity
    others.removeAll { $0.number == generation.number }
    others.append(generation.identity)
    observer.onOthers(others.suffix(FollowedHint.othersMax))
  }

  /// - Returns: false where the file is not there any more, or another one: it is to be looked for again.
  func open(_ entry: FollowedFolder.Entry) -> Bool {
    guard let descriptor = FollowedDescriptor.open(entry.path) else {
      let reason = errno
      guard reason != ENOENT else { return false }
      observer.say("cannot open \(entry.path), which may have had the name of \(path): \(String(cString: strerror(reason))); what it holds is not read")
      return true
    }
    guard descriptor.number == entry.number else { return false }
    add(descriptor, at: entry.path, isNamed: false)
    return true
  }

  private func add(_ descriptor: FollowedDescriptor, at path: String, isNamed: Bool, offset: Int64 = 0, lines: UInt64 = 0) {
    let generation = FollowedGeneration(descriptor, at: path, isNamed: isNamed, stretch: stretches, offset: offset, lines: lines, now: now())
    stretches += 1
    all.append(generation)
    observer.onOpen(generation)
  }
}
