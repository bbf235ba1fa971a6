#if canImport(Glibc)
import Glibc
#endif

/// The files that have a followed name, or had it and may still grow.
final class FollowedGenerations {
  /// In the order in which they were opened.
  private(set) var all: [FollowedGeneration] = []
  private let path: String
  private let folder: FollowedFolder
  private let say: @Sendable (String) -> Void
  private let now: () -> ContinuousClock.Instant
  private let onOpen: (FollowedGeneration) -> Void
  private let onClose: (FollowedGeneration) -> Void
  private var opened = 0
  /// The files beside it that are known, or were there before.
  private var known: Set<FollowedFolder.Key> = []
  private var lookedAt: ContinuousClock.Instant?
  private var isAbsenceTold = false

  /// Between two looks at which file has the name.
  private static let lookMilliseconds = 50
  /// How long a renamed file is watched that does not grow, and one that was deleted.
  private static let quietSeconds = 3_600
  private static let quietUnlinkedSeconds = 5
  /// Renamed files that are watched at the most; beyond them the one that has not grown for longest is given up.
  private static let renamedMax = 16
  /// How exact the times of files and of hints are taken.
  private static let slackMicroseconds: Int64 = 2_000_000

  init(
    path: String, say: @escaping @Sendable (String) -> Void, now: @escaping () -> ContinuousClock.Instant,
    onOpen: @escaping (FollowedGeneration) -> Void, onClose: @escaping (FollowedGeneration) -> Void
  ) {
    self.path = path
    folder = FollowedFolder(of: path)
    self.say = say
    self.now = now
    self.onOpen = onOpen
    self.onClose = onClose
  }

  /// Opens what is there. To be called once.
  ///
  /// - Throws: ``InputError`` for a file that cannot be read, or that is none.
  func open(from hint: FollowedHint?) throws {
    let beside = folder.entries
    if let hint { openEarlier(hint, beside) }
    known = Set(beside.map(\.key))
    try openNamed(isFirst: true)
  }

  /// Whether the name is another file's than that of the newest that is open.
  private var isNameTaken: Bool {
    var named = stat()
    guard stat(path, &named) == 0, named.st_mode & S_IFMT == S_IFREG else { return false }
    return !all.contains { $0.isNamed && $0.inode == UInt64(named.st_ino) && $0.device == UInt64(named.st_dev) }
  }

  /// Opens the file that has taken the name, and those that had it for a moment in between.
  func look() {
    let now = now()
    if let lookedAt, now - lookedAt < .milliseconds(Self.lookMilliseconds) { return }
    lookedAt = now
    guard isNameTaken || all.isEmpty else { return }
    for generation in all { generation.isNamed = false }
    try? openNamed(isFirst: false)
    let beside = folder.entries
    for entry in beside where !known.contains(entry.key) && !all.contains(where: { $0.inode == entry.key.inode }) {
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
    if let earlier = all.first(where: { $0.inode == UInt64(status.st_ino) && $0.device == UInt64(status.st_dev) }) {
      earlier.isNamed = true
      earlier.isEnding = false
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
    let generation = FollowedGeneration(descriptor, number: opened, offset: offset, lines: lines, now: now())
    generation.isNamed = isNamed
    opened += 1
    all.append(generation)
    onOpen(generation)
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
    for entry in recent where !all.contains(where: { $0.inode == entry.key.inode }) {
      if let descriptor = Self.open(entry.path) { add(descriptor, isNamed: false) }
    }
  }

  /// Opens a file if it is the one of a place, or a copy of it, and as long.
  private func open(_ candidate: String, at place: FollowedPlace, isCopy: Bool) -> Bool {
    guard let descriptor = Self.open(candidate) else { return false }
    var status = stat()
    let isOpen = all.contains { fstat(descriptor, &status) == 0 && $0.inode == UInt64(status.st_ino) }
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

  /// Begins again with a file that was emptied, and opens the copies of what it held.
  func rewind(_ generation: FollowedGeneration) {
    openCopy(of: generation)
    onClose(generation)
    generation.rewind(as: opened)
    opened += 1
    onOpen(generation)
  }

  /// What was in a file when it was emptied may be in a copy, and nowhere else; where it was emptied twice between two looks, in two.
  private func openCopy(of generation: FollowedGeneration) {
    let beside = folder.entries
    let place = generation.place
    var isFound = place.headBytes == 0
    for entry in beside where !known.contains(entry.key) && !all.contains(where: { $0.inode == entry.key.inode }) {
      if !isFound, open(entry.path, at: place, isCopy: true) {
        isFound = true
      } else if let descriptor = Self.open(entry.path) {
        add(descriptor, isNamed: false)
      }
    }
    known = Set(beside.map(\.key))
  }

  /// Gives up renamed files that do not grow any more.
  ///
  /// - Parameter unended: one whose line is not ended yet.
  func giveUpQuiet(sparing unended: FollowedGeneration?) {
    let now = now()
    let renamed = all.filter { !$0.isNamed }
    var given: FollowedGeneration?
    if renamed.count > Self.renamedMax { given = renamed.min { $0.grewAt < $1.grewAt } }
    for generation in renamed
    where generation.isEnding || generation === given || now - generation.grewAt >= .seconds(generation.isUnlinked ? Self.quietUnlinkedSeconds : Self.quietSeconds) {
      if !generation.isEnding {
        // What is left of it has no end, and gets none.
        generation.isEnding = true
      } else if unended !== generation, generation.news(now: now) == .none {
        all.removeAll { $0 === generation }
        known.insert(generation.key)
        onClose(generation)
      }
    }
  }
}
