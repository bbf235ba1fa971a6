/// Reads what ``ByteWriter`` wrote, from memory that may be damaged: every read checks its bounds, and the first failure
/// is remembered, so a caller may check once at the end.
///
/// Public, and not package, for the compiler inlines only that into other modules.
@frozen
public struct ByteReader {
  @usableFromInline let bytes: UnsafeRawBufferPointer
  public var position: Int
  /// True once a read went over the end or met a malformed number; what is read after that means nothing.
  public var isDamaged = false

  @inlinable
  public init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    position = 0
  }

  @inlinable
  public var remaining: Int { bytes.count - position }

  @inlinable
  public mutating func byte() -> UInt8 {
    guard position < bytes.count else {
      isDamaged = true
      return 0
    }
    position += 1
    return bytes[position - 1]
  }

  @inlinable
  @inline(__always)
  public mutating func varint() -> UInt64 {
    guard position < bytes.count else {
      isDamaged = true
      return 0
    }
    let first = bytes[position]
    if first < 0x80 {
      position += 1
      return UInt64(first)
    }
    if position + 1 < bytes.count, bytes[position + 1] < 0x80 {
      position += 2
      return UInt64(first & 0x7F) | UInt64(bytes[position - 1]) << 7
    }
    return longVarint()
  }

  @usableFromInline
  mutating func longVarint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 64 {
      let next = bytes[position]
      position += 1
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
    }
    isDamaged = true
    position = bytes.count
    return 0
  }

  @inlinable
  public mutating func littleEndian(width: Int) -> UInt64 {
    guard width <= remaining else {
      isDamaged = true
      return 0
    }
    var value: UInt64 = 0
    for index in 0..<width { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += width
    return value
  }

  /// The part of the bytes before a trailing CRC-32C, or nil where the checksum does not match.
  package static func checked(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard bytes.count >= 4 else { return nil }
    let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
    let stored = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: body.count, as: UInt32.self))
    return CRC32C.checksum(body) == stored ? body : nil
  }
}
