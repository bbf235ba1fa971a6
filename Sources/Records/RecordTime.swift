package import JSONReading
package import Verdicts

/// Reads the times that records carry: RFC 3339 text, or a Unix time whose unit its size tells.
package enum RecordTime {
  /// RFC 3339 with an offset; `t`, `z` and a space for `T` are accepted, leap seconds and 24:00 are not. Finer than a
  /// microsecond is cut downward.
  package static func parse(_ text: UnsafeBufferPointer<UInt8>) throws(RejectionCode) -> Timestamp {
    guard text.count >= 10, let date = date(text) else { throw .badTime }
    if text.count == 10 { throw .timeWithoutClock }
    guard text.count >= 20, text[10] | 0x20 == 0x74 || text[10] == 0x20, text[13] == 0x3A, text[16] == 0x3A,
      let hour = number(text, 11), let minute = number(text, 14), let second = number(text, 17),
      hour < 24, minute < 60, second < 60
    else { throw .badTime }
    var index = 19
    var fraction: Int64 = 0
    if text[index] == 0x2E {
      index += 1
      let start = index
      while index < text.count, text[index] &- 0x30 < 10 {
        if index - start < 6 { fraction = fraction * 10 + Int64(text[index] - 0x30) }
        index += 1
      }
      guard index > start else { throw .badTime }
      for _ in min(6, index - start)..<6 { fraction *= 10 }
    }
    let offset = try offsetMinutes(text, at: index)
    let minutes = date.daysSinceEpoch * 1_440 + hour * 60 + minute - offset
    return Timestamp(microseconds: (minutes * 60 + second) * Timestamp.microsecondsPerSecond + fraction)
  }

  /// Below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds.
  package static func parse(_ number: DecimalNumber) throws(RejectionCode) -> Timestamp {
    guard !number.isNegative || number.isZero, let whole = number.wholePart(timesTenTo: 0) else { throw .timeOutOfRange }
    let power =
      switch whole.value {
      case ..<100_000_000_000: 6
      case ..<100_000_000_000_000: 3
      case ..<100_000_000_000_000_000: 0
      default: -3
      }
    guard let microseconds = number.wholePart(timesTenTo: power) else { throw .timeOutOfRange }
    return Timestamp(microseconds: microseconds.value)
  }

  /// `YYYY-MM-DD` at the start of a text of at least ten bytes.
  package static func date(_ text: UnsafeBufferPointer<UInt8>) -> CivilDate? {
    guard text.count >= 10, text[4] == 0x2D, text[7] == 0x2D,
      let century = number(text, 0), let yearOfCentury = number(text, 2), let month = number(text, 5), let day = number(text, 8)
    else { return nil }
    return CivilDate(year: century * 100 + yearOfCentury, month: month, day: day)
  }

  private static func offsetMinutes(_ text: UnsafeBufferPointer<UInt8>, at index: Int) throws(RejectionCode) -> Int64 {
    guard index < text.count else { throw .badTime }
    if text[index] | 0x20 == 0x7A {
      guard index + 1 == text.count else { throw .badTime }
      return 0
    }
    guard text[index] == 0x2B || text[index] == 0x2D, index + 6 == text.count, text[index + 3] == 0x3A,
      let hours = number(text, index + 1), let minutes = number(text, index + 4), hours < 24, minutes < 60
    else { throw .badTime }
    return text[index] == 0x2D ? -(hours * 60 + minutes) : hours * 60 + minutes
  }

  /// Two digits.
  @inline(__always)
  private static func number(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int64? {
    let tens = text[index] &- 0x30
    let ones = text[index + 1] &- 0x30
    return tens < 10 && ones < 10 ? Int64(tens) * 10 + Int64(ones) : nil
  }
}
