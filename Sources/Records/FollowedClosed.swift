/// Files that were given up, and are read on should they grow after all.
struct FollowedClosed {
  struct File {
    /// ``FollowedGeneration/stretch`` of what was read of it.
    var stretch: Int
    var place: FollowedPlace
    var path: String
    /// Whether it was not found when it was last looked for.
    var isMissing = false

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
  /// - Returns: those that are not where they were, nor among the files given, for the second time: names may change while they are listed.
  ///   They are forgotten.
  mutating func find(among beside: [FollowedFolder.Entry]) -> [File] {
    var lost: [File] = []
    for index in files.indices {
      if let entry = beside.first(where: { $0.number == files[index].number }) { files[index].path = entry.path }
      let isMissing = FollowedIdentity.Number(of: files[index].path) != files[index].number
      if isMissing, files[index].isMissing { lost.append(files[index]) }
      files[index].isMissing = isMissing
    }
    for file in lost { forget(file) }
    return lost
  }

  var grown: [File] { files.filter { $0.number.bytes(at: $0.path) ?? 0 > $0.place.closedBytes ?? 0 } }

  mutating func forget(_ file: File) { files.removeAll { $0.stretch == file.stretch } }
}
