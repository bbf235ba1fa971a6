package import Verdicts

/// The small fields of a verdict as one number of a block: verdict (bits 0-1), stage (2-3), refusal (4-5), action (6-8), error cause (9-11).
///
/// Public, and not package, for the compiler inlines only that into other modules.
@frozen
public struct VerdictAttributes {
  public let number: UInt64

  @inlinable
  @inline(__always)
  public init(number: UInt64) { self.number = number }

  package init(of row: VerdictRow) {
    number =
      UInt64(row.verdict) | UInt64(row.codes[Dimension.stage.lane]) << 2 | UInt64(row.refusal) << 4 | UInt64(row.action) << 6
      | UInt64(row.errorCause) << 9
  }

  @inlinable @inline(__always) public var verdict: UInt8 { UInt8(truncatingIfNeeded: number & 3) }
  @inlinable @inline(__always) public var stage: UInt32 { UInt32(truncatingIfNeeded: number >> 2 & 3) }
  @inlinable @inline(__always) public var refusal: UInt8 { UInt8(truncatingIfNeeded: number >> 4 & 3) }
  @inlinable @inline(__always) public var action: UInt8 { UInt8(truncatingIfNeeded: number >> 6 & 7) }
  @inlinable @inline(__always) public var errorCause: UInt8 { UInt8(truncatingIfNeeded: number >> 9 & 7) }

  @inline(__always)
  package func fill(_ row: inout VerdictRow) {
    row.verdict = verdict
    row.codes[Dimension.stage.lane] = stage
    row.refusal = refusal
    row.action = action
    row.errorCause = errorCause
  }

  /// Whether each field has a value that there is.
  package var isPossible: Bool { number < UInt64(Self.possible.count) && Self.possible[Int(number)] }

  private static let possible: [Bool] = (0..<UInt64(1 << 12)).map { number in
    let attributes = VerdictAttributes(number: number)
    return Stage(rawValue: UInt8(attributes.stage)) != nil && Refusal(rawValue: attributes.refusal) != nil
      && Action(rawValue: attributes.action) != nil && ErrorCause(rawValue: attributes.errorCause) != nil
  }

  /// Whether all numbers of a column are possible.
  static func arePossible(_ column: PackedColumn, in rows: Range<Int>) -> Bool {
    guard column.isAtMost(UInt64(possible.count - 1), in: rows) else { return false }
    return possible.withUnsafeBufferPointer { possible in
      var areAll = true
      column.forEach(in: rows) { areAll = possible[Int(truncatingIfNeeded: $1)] && areAll }
      return areAll
    }
  }
}
