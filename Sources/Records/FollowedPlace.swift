import ByteCoding

/// How far a file has been read, in words that a later run knows it by.
package struct FollowedPlace: Sendable, Equatable {
  package var identity: FollowedIdentity
  /// Where it lay.
  package var folder: String
  /// Bytes and lines of the file before the line that comes next.
  package var offset: Int64
  package var lines: UInt64
  /// Of the last bytes before the offset: files may begin alike.
  package var tailChecksum: UInt32
  /// How long it was when it was given up; nil while it is read.
  package var closedBytes: Int64?

  package static let tailBytesMax: Int64 = 256

  package init(identity: FollowedIdentity, folder: String, offset: Int64, lines: UInt64, tailChecksum: UInt32, closedBytes: Int64? = nil) {
    self.identity = identity
    self.folder = folder
    self.offset = offset
    self.lines = lines
    self.tailChecksum = tailChecksum
    self.closedBytes = closedBytes
  }

  /// The beginning of the same file.
  package var beginning: FollowedPlace {
    FollowedPlace(identity: identity, folder: folder, offset: 0, lines: 0, tailChecksum: CRC32C.checksum([]))
  }

  /// With the checksum of what is before it now.
  func checked(in descriptor: FollowedDescriptor) -> FollowedPlace {
    var place = self
    place.tailChecksum = CRC32C.checksum(descriptor.tail(before: offset))
    return place
  }

  /// Whether a file holds what was before the place: the same file, or a copy of it.
  func isBehind(_ descriptor: FollowedDescriptor) -> Bool {
    let tail = descriptor.tail(before: offset)
    return identity.begins(descriptor.head) && Int64(tail.count) == min(offset, Self.tailBytesMax) && CRC32C.checksum(tail) == tailChecksum
  }
}
