/// Text and numbers as bytes: a report of millions of rows makes no string of any of them.
extension [UInt8] {
  mutating func append(text: String) {
    append(contentsOf: text.utf8)
  }

  /// Whole microseconds as milliseconds with three decimals.
  mutating func append(milliseconds microseconds: Int64) {
    if microseconds < 0 { append(0x2D) }
    let (whole, rest) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000)
    append(number: Int64(whole))
    append(0x2E)
    append(0x30 + UInt8(rest / 100))
    append(0x30 + UInt8(rest / 10 % 10))
    append(0x30 + UInt8(rest % 10))
  }

  mutating func append(number: Int64) {
    if number < 0 { append(0x2D) }
    var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    Swift.withUnsafeMutableBytes(of: &digits) { digits in
      var rest = number.magnitude
      var place = digits.count
      repeat {
        place -= 1
        digits[place] = 0x30 + UInt8(rest % 10)
        rest /= 10
      } while rest > 0
      append(contentsOf: digits[place...])
    }
  }
}
