/// Files that were given up, and are read on should they grow after all.
struct FollowedClosed {
  struct File {
    /// ``FollowedGeneration/stretch`` of what was read of it.
    var stretch: Int
    var place: FollowedPlace
    var path: String

    var number: FollowedIdentity.Number { place.identity.number }
  }

  private(set) var files: [File] = []

  /// Beyond so many, the one that was given up first is forgotten.
  static let filesMax = 256

  /// - Returns: one that is forgotten for it.
  mutating func keep(_ file: File) -> File? {
    files.append(file)
    return files.count > Self.filesMax ? files.removeFirst() : nil
  }

  /// Learns what files are called now.
  ///
  /// - Returns: those that are not where they were, nor among the files given, and are forgotten.
  mutating func find(among beside: [FollowedFolder.Entry]) -> [File] {
    for index in files.indices {
      if let entry = beside.first(where: { $0.number == files[index].number }) { files[index].path = entry.path }
    }
    let lost = files.filter { FollowedIdentity.Number(of: $0.path) != $0.number }
    files.removeAll { file in lost.contains { $0.stretch == file.stretch } }
    return lost
  }

  /// Those that have grown, which are kept no more.
  mutating func takeGrown() -> [File] {
    let grown = files.filter { $0.number.bytes(at: $0.path) ?? 0 > $0.place.closedBytes ?? 0 }
    files.removeAll { file in grown.contains { $0.stretch == file.stretch } }
    return grown
  }
}
