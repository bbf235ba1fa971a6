package import Verdicts

extension JSONScanner {
  /// Reads a number by JSON's grammar, exactly.
  package mutating func number() throws(RejectionCode) -> DecimalNumber {
    var number = DecimalNumber()
    if cursor < end, cursor.pointee == 0x2D {
      number.isNegative = true
      cursor += 1
    }
    guard cursor < end, isDigit(cursor.pointee) else { throw .badJSON }
    if cursor.pointee == 0x30 {
      cursor += 1
    } else {
      while cursor < end, isDigit(cursor.pointee) {
        number.append(digit: cursor.pointee - 0x30, isFraction: false)
        cursor += 1
      }
    }
    if cursor < end, cursor.pointee == 0x2E {
      cursor += 1
      guard cursor < end, isDigit(cursor.pointee) else { throw .badJSON }
      while cursor < end, isDigit(cursor.pointee) {
        number.append(digit: cursor.pointee - 0x30, isFraction: true)
        cursor += 1
      }
    }
    if cursor < end, cursor.pointee | 0x20 == 0x65 {
      cursor += 1
      var isNegative = false
      if cursor < end, cursor.pointee == 0x2B || cursor.pointee == 0x2D {
        isNegative = cursor.pointee == 0x2D
        cursor += 1
      }
      guard cursor < end, isDigit(cursor.pointee) else { throw .badJSON }
      var exponent = 0
      while cursor < end, isDigit(cursor.pointee) {
        exponent = min(exponent * 10 + Int(cursor.pointee - 0x30), 10_000_000)
        cursor += 1
      }
      number.exponent += isNegative ? -exponent : exponent
    }
    return number
  }

  @inline(__always)
  private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
}
