/// How many files that had a followed name are read on, and for how long.
package struct FollowedBounds: Sendable {
  /// Beyond it, the one that has not grown for longest is given up.
  package var renamedFilesMax = renamedFilesMaxDefault
  /// After so many seconds in which it has not grown, a renamed file is given up.
  package var renamedQuietSeconds = renamedQuietSecondsDefault

  package static let renamedFilesMaxDefault = 16
  package static let renamedFilesMaxRange = 1...1_000
  package static let renamedQuietSecondsDefault: Int64 = 3_600

  package init() {}
}
