/// How far a file has been read, in words that a later run knows it by.
package struct FollowedPlace: Sendable, Equatable {
  package var identity: FollowedIdentity
  /// Where it lay when it was opened.
  package var folder: String
  /// Bytes and lines of the file before the line that comes next.
  package var offset: Int64
  package var lines: UInt64
  /// How long it was when it was given up; nil while it is read.
  package var closedBytes: Int64?

  package init(identity: FollowedIdentity, folder: String, offset: Int64, lines: UInt64, closedBytes: Int64? = nil) {
    self.identity = identity
    self.folder = folder
    self.offset = offset
    self.lines = lines
    self.closedBytes = closedBytes
  }
}
