/// One field of the verdicts of a block: the least value, and for each row its step above that in as many bytes. The bytes are borrowed.
///
/// Public, and not package, for the compiler inlines only that into other modules.
@frozen
public struct PackedColumn {
  public let low: UInt64
  /// Bytes of a step, 0 to 8: the lowest comes first.
  public let width: Int
  @usableFromInline let steps: UnsafeRawPointer

  @inlinable
  public init(low: UInt64, width: Int, steps: UnsafeRawPointer) {
    self.low = low
    self.width = width
    self.steps = steps
  }

  @inlinable
  @inline(__always)
  public subscript(row: Int) -> UInt64 {
    switch width {
    case 0: return low
    case 1: return low &+ UInt64(steps.load(fromByteOffset: row, as: UInt8.self))
    case 2: return low &+ UInt64(UInt16(littleEndian: steps.loadUnaligned(fromByteOffset: 2 * row, as: UInt16.self)))
    default:
      var step: UInt64 = 0
      for byte in 0..<width { step |= UInt64(steps.load(fromByteOffset: row * width + byte, as: UInt8.self)) << UInt64(8 * byte) }
      return low &+ step
    }
  }

  /// Gives rows and values. A loop of its own for each width, so that the processor takes many rows at once where the body is simple.
  @inlinable
  @inline(__always)
  public func forEach(in rows: Range<Int>, _ body: (_ row: Int, _ value: UInt64) -> Void) {
    switch width {
    case 0: for row in rows { body(row, low) }
    case 1: for row in rows { body(row, low &+ UInt64(steps.load(fromByteOffset: row, as: UInt8.self))) }
    case 2: for row in rows { body(row, low &+ UInt64(UInt16(littleEndian: steps.loadUnaligned(fromByteOffset: 2 * row, as: UInt16.self)))) }
    case 3:
      for row in rows {
        let high = UInt64(steps.load(fromByteOffset: 3 * row + 2, as: UInt8.self)) << 16
        body(row, low &+ (high | UInt64(UInt16(littleEndian: steps.loadUnaligned(fromByteOffset: 3 * row, as: UInt16.self)))))
      }
    case 4: for row in rows { body(row, low &+ UInt64(UInt32(littleEndian: steps.loadUnaligned(fromByteOffset: 4 * row, as: UInt32.self)))) }
    default: for row in rows { body(row, self[row]) }
    }
  }

  /// Whether no row has a greater value, by looking at no row where that is enough.
  public func isAtMost(_ bound: UInt64, in rows: Range<Int>) -> Bool {
    guard low <= bound else { return rows.isEmpty }
    if width < 8, bound - low >= (1 as UInt64) << UInt64(8 * width) - 1 { return true }
    switch width {
    case 1:
      var greatest: UInt8 = 0
      for row in rows { greatest = max(greatest, steps.load(fromByteOffset: row, as: UInt8.self)) }
      return UInt64(greatest) <= bound - low
    default:
      var areAll = true
      forEach(in: rows) { areAll = $1 &- low <= bound &- low && areAll }
      return areAll
    }
  }
}
