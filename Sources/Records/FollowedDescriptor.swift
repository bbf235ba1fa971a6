import ByteCoding
#if canImport(Glibc)
import Glibc
#endif

/// An open file, which any thread may look into. Closed with its last owner.
final class FollowedDescriptor: Sendable {
  let number: FollowedIdentity.Number
  private let value: Int32

  /// - Parameter value: of a regular file; closed with this.
  init(_ value: Int32) {
    self.value = value
    var status = stat()
    fstat(value, &status)
    number = FollowedIdentity.Number(status)
  }

  /// - Returns: nil for what is absent, may not be read, or is no regular file; `errno` says which.
  static func open(_ path: String) -> FollowedDescriptor? {
    let value = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard value >= 0 else { return nil }
    var status = stat()
    guard fstat(value, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      Glibc.close(value)
      errno = ENOENT
      return nil
    }
    return FollowedDescriptor(value)
  }

  deinit { Glibc.close(value) }

  var bytes: Int64 {
    var status = stat()
    return fstat(value, &status) == 0 ? Int64(status.st_size) : 0
  }

  var isUnlinked: Bool {
    var status = stat()
    return fstat(value, &status) == 0 && status.st_nlink == 0
  }

  /// What it is called now; nil where that cannot be told.
  var path: String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/fd/\(value)", &buffer, buffer.count)
    guard !isUnlinked, count > 0, let path = String(validating: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) else { return nil }
    if FollowedIdentity.Number(of: path) == number { return path }
    // The name that it was opened by is gone, and it has another.
    return FollowedFolder.paths(of: number, in: [FollowedFolder.folder(of: path)]).first { FollowedIdentity.Number(of: $0) == number }
  }

  /// - Returns: how many bytes there were, or less than 0.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
    while true {
      let count = pread(value, buffer.baseAddress, buffer.count, Int(offset))
      if count >= 0 || errno != EINTR { return count }
    }
  }

  /// The bytes between two places, as far as there are any.
  func bytes(_ range: Range<Int64>) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    let count = bytes.withUnsafeMutableBytes { read(into: $0, at: range.lowerBound) }
    return Array(bytes.prefix(max(0, count)))
  }

  /// The first bytes.
  var head: [UInt8] { bytes(0..<Int64(FollowedIdentity.headBytesMax)) }

  /// The last bytes before a place.
  func tail(before offset: Int64) -> [UInt8] { bytes(max(0, offset - FollowedPlace.tailBytesMax)..<offset) }

  /// Where zeros at the beginning end; nil where there is nothing else. A hole is not read.
  var firstOtherThanZero: Int64? {
    var at = Int64(lseek(value, 0, Self.seekData))
    guard at >= 0 else { return nil }
    while true {
      let bytes = bytes(at..<at + Self.searchedBytes)
      guard !bytes.isEmpty else { return nil }
      if let index = bytes.firstIndex(where: { $0 != 0 }) { return at + Int64(index) }
      at += Int64(bytes.count)
    }
  }

  static let searchedBytes: Int64 = 64 << 10
  /// Linux's SEEK_DATA, which is not imported: where a hole ends.
  private static let seekData: Int32 = 3
}
