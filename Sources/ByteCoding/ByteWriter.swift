/// Appends numbers and bytes to a growing buffer.
@frozen
package struct ByteWriter: Sendable {
  package var bytes: [UInt8] = []

  @inlinable
  package init() {}

  @inlinable
  package mutating func byte(_ value: UInt8) { bytes.append(value) }

  /// LEB128: seven bits a byte, lowest first, the high bit set on all but the last.
  @inlinable
  package mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// The lowest `width` (0 to 8) bytes of a number, lowest first.
  @inlinable
  package mutating func littleEndian(_ value: UInt64, width: Int) {
    var rest = value
    for _ in 0..<width {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// The CRC-32C of everything since `start`, four bytes.
  package mutating func checksum(since start: Int = 0) {
    let crc = bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    littleEndian(UInt64(crc), width: 4)
  }
}
