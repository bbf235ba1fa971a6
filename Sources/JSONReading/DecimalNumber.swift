/// A decimal number as it was written: never a binary fraction.
///
/// Nineteen significant digits are kept, which is more than any field can use (nanoseconds since 1970 have nineteen); of the
/// digits after them only whether one was not 0.
package struct DecimalNumber: Equatable, Sendable {
  package var isNegative = false
  /// The significant digits, below 10^19.
  package private(set) var digits: UInt64 = 0
  /// The value is `digits * 10^exponent`, plus a little where ``isCut``.
  package var exponent = 0
  /// Digits after the nineteenth were dropped, and one of them was not 0.
  package private(set) var isCut = false

  package init() {}

  package var isZero: Bool { digits == 0 }

  @inline(__always)
  mutating func append(digit: UInt8, isFraction: Bool) {
    if digits < 1_000_000_000_000_000_000 {
      digits = digits * 10 + UInt64(digit)
      if isFraction { exponent -= 1 }
    } else {
      if digit != 0 { isCut = true }
      if !isFraction { exponent += 1 }
    }
  }

  /// The whole part of the magnitude times 10^`power`, and whether nothing was left over; nil where it is 2^63 or more.
  package func wholePart(timesTenTo power: Int) -> (value: Int64, isExact: Bool)? {
    if digits == 0 { return (0, !isCut) }
    let shift = exponent + power
    if shift >= 0 {
      guard shift <= 18 else { return nil }
      let (product, overflow) = digits.multipliedReportingOverflow(by: Self.powersOfTen[shift])
      guard !overflow, let value = Int64(exactly: product) else { return nil }
      return (value, !isCut)
    }
    guard shift >= -19 else { return (0, false) }
    let divisor = shift == -19 ? 10_000_000_000_000_000_000 : Self.powersOfTen[-shift]
    let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: divisor)
    guard let value = Int64(exactly: quotient) else { return nil }
    return (value, remainder == 0 && !isCut)
  }

  private static let powersOfTen: [UInt64] = (0...18).map { power in (0..<power).reduce(1) { product, _ in product * 10 } }

  /// A number by JSON's grammar and nothing else, or nil.
  package init?(json text: UnsafeBufferPointer<UInt8>) {
    let scratch = ScratchBytes(capacity: 8)
    var scanner = JSONScanner(text, nestingMax: 0, scratch: scratch.start)
    guard let number = try? scanner.number(), scanner.isAtEnd else { return nil }
    withExtendedLifetime(scratch) { self = number }
  }

  /// Whether the value is at least another one; both exactly, of numbers that are not negative.
  package func isAtLeast(_ other: DecimalNumber) -> Bool {
    if other.isZero { return true }
    if isZero { return false }
    // Compare the places of the first digits, then the digits brought to the same length.
    let (place, otherPlace) = (Self.length(digits) + exponent, Self.length(other.digits) + other.exponent)
    if place != otherPlace { return place > otherPlace }
    let (left, right) = (Self.padded(digits), Self.padded(other.digits))
    return left != right ? left > right : isCut || !other.isCut
  }

  /// The number in plain decimals, without zeros that say nothing.
  package var text: String {
    var whole = String(digits)
    var fraction = ""
    if exponent >= 0 { whole += String(repeating: "0", count: isZero ? 0 : exponent) } else {
      whole = String(repeating: "0", count: max(0, 1 - exponent - whole.count)) + whole
      fraction = String(whole.suffix(-exponent))
      whole.removeLast(-exponent)
    }
    while fraction.last == "0" { fraction.removeLast() }
    return (isNegative ? "-" : "") + whole + (fraction.isEmpty ? "" : ".\(fraction)")
  }

  private static func length(_ digits: UInt64) -> Int {
    var length = 0
    var rest = digits
    while rest > 0 {
      length += 1
      rest /= 10
    }
    return length
  }

  private static func padded(_ digits: UInt64) -> UInt64 { (length(digits)..<19).reduce(digits) { value, _ in value * 10 } }
}
