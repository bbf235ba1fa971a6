import ByteCoding
#if canImport(Glibc)
import Glibc
#endif

/// Which file it is, whatever it is called.
package struct FollowedIdentity: Sendable, Equatable {
  /// What the file system knows it by; given to another file once this one is deleted.
  package struct Number: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64

    package init(device: UInt64, inode: UInt64) { (self.device, self.inode) = (device, inode) }

    init(_ status: stat) { self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) }

    /// Nil for what is absent, or no regular file.
    init?(of path: String) {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      self.init(status)
    }

    /// How long the file is that a path leads to, if it has this number.
    func bytes(at path: String) -> Int64? {
      var status = stat()
      return stat(path, &status) == 0 && Self(status) == self ? Int64(status.st_size) : nil
    }
  }

  package var number: Number
  /// The file's first bytes, by their count and checksum: a number may have been given to another.
  package var headBytes: Int
  package var headChecksum: UInt32

  package static let headBytesMax = 256

  package init(number: Number, headBytes: Int, headChecksum: UInt32) {
    self.number = number
    self.headBytes = headBytes
    self.headChecksum = headChecksum
  }

  init(_ number: Number, head: [UInt8]) {
    self.init(number: number, headBytes: head.count, headChecksum: CRC32C.checksum(head))
  }

  /// Whether a file begins as this one does.
  func begins(_ head: [UInt8]) -> Bool { head.count >= headBytes && CRC32C.checksum(Array(head.prefix(headBytes))) == headChecksum }
}
