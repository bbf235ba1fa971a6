import ByteCoding

/// How far a file has been read, in words that a later run knows it by.
package struct FollowedPlace: Sendable, Equatable {
  package var device: UInt64
  package var inode: UInt64
  /// The file's first bytes, by their number and checksum: a number of a file may be given to another.
  package var headBytes: Int
  package var headChecksum: UInt32
  /// Bytes and lines of the file before the line that comes next.
  package var offset: Int64
  package var lines: UInt64

  package init(device: UInt64, inode: UInt64, headBytes: Int, headChecksum: UInt32, offset: Int64, lines: UInt64) {
    self.device = device
    self.inode = inode
    self.headBytes = headBytes
    self.headChecksum = headChecksum
    self.offset = offset
    self.lines = lines
  }

  package static let headBytesMax = 256

  static func checksum(_ bytes: [UInt8]) -> UInt32 { CRC32C.checksum(bytes) }
}

/// What a run that follows a file notes for the next one: a hint that saves reading again, never more.
package struct FollowedHint: Sendable, Equatable {
  /// Of what lines are read as; a run that reads them otherwise reads them again.
  package var fingerprint: UInt32
  /// When it was noted, in microseconds since 1970.
  package var notedAt: Int64
  /// Of the file that had the name, which comes last, and of those that had it before and may still grow.
  package var places: [FollowedPlace]

  package init(fingerprint: UInt32, notedAt: Int64, places: [FollowedPlace]) {
    self.fingerprint = fingerprint
    self.notedAt = notedAt
    self.places = places
  }

  /// - Parameter reading: whatever decides what lines are read as.
  package static func fingerprint(of reading: String) -> UInt32 { CRC32C.checksum(Array(reading.utf8)) }

  /// As the store keeps it.
  package var text: String {
    places.reduce(into: "2:\(fingerprint):\(notedAt)") { text, place in
      text += ";\(place.device):\(place.inode):\(place.headBytes):\(place.headChecksum):\(place.offset):\(place.lines)"
    }
  }

  package init?(text: String) {
    let parts = text.split(separator: ";").map { $0.split(separator: ":").compactMap { UInt64($0) } }
    guard let first = parts.first, first.count == 3, first[0] == 2, let fingerprint = UInt32(exactly: first[1]), let notedAt = Int64(exactly: first[2]) else { return nil }
    self.init(fingerprint: fingerprint, notedAt: notedAt, places: [])
    for part in parts.dropFirst() {
      guard part.count == 6, part[2] <= UInt64(FollowedPlace.headBytesMax), let checksum = UInt32(exactly: part[3]), let offset = Int64(exactly: part[4]) else { return nil }
      places.append(FollowedPlace(device: part[0], inode: part[1], headBytes: Int(part[2]), headChecksum: checksum, offset: offset, lines: part[5]))
    }
  }
}
