import ByteCoding

/// How far a file has been read, in words that a later run knows it by: a hint that saves reading again, never more.
package struct FollowedPlace: Sendable, Equatable {
  package var device: UInt64
  package var inode: UInt64
  /// The file's first bytes, by their number and checksum: a number of a file may be given to another.
  package var headBytes: Int
  package var headChecksum: UInt32
  /// Bytes of the file before the line that comes next.
  package var offset: Int64

  package init(device: UInt64, inode: UInt64, headBytes: Int, headChecksum: UInt32, offset: Int64) {
    self.device = device
    self.inode = inode
    self.headBytes = headBytes
    self.headChecksum = headChecksum
    self.offset = offset
  }

  /// As the store keeps it.
  package var text: String { "\(device):\(inode):\(headBytes):\(headChecksum):\(offset)" }

  package init?(text: String) {
    let parts = text.split(separator: ":").map { UInt64($0) }
    guard parts.count == 5, let device = parts[0], let inode = parts[1], let headBytes = parts[2], let checksum = parts[3], let offset = parts[4],
      headBytes <= UInt64(Self.headBytesMax), let headChecksum = UInt32(exactly: checksum), let offset = Int64(exactly: offset)
    else { return nil }
    self.init(device: device, inode: inode, headBytes: Int(headBytes), headChecksum: headChecksum, offset: offset)
  }

  package static let headBytesMax = 256

  static func checksum(_ bytes: [UInt8]) -> UInt32 { CRC32C.checksum(bytes) }
}
