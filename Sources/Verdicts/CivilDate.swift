/// A date of the proleptic Gregorian calendar, without a zone.
///
/// The conversions follow from the calendar's 400-year cycle of 146,097 days, counted from 1 March so that a leap day is a
/// year's last day.
package struct CivilDate: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var year: Int64
  package var month: Int64
  package var day: Int64

  /// Nil for a month or day that does not exist. Years 0 to 9999, as in RFC 3339.
  package init?(year: Int64, month: Int64, day: Int64) {
    guard (0...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.daysIn(month: month, year: year) else {
      return nil
    }
    self.year = year
    self.month = month
    self.day = day
  }

  package init(daysSinceEpoch: Int64) {
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let shifted = daysSinceEpoch + 719_468
    let cycle = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfCycle = shifted - cycle * 146_097
    let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0)
  }

  package var daysSinceEpoch: Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let cycle = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
    let yearOfCycle = marchYear - cycle * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
    return cycle * 146_097 + dayOfCycle - 719_468
  }

  /// 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday.
  package var weekdayFromMonday: Int64 {
    let shifted = (daysSinceEpoch + 3) % 7
    return shifted < 0 ? shifted + 7 : shifted
  }

  package var description: String {
    let figures = String(year)
    return String(repeating: "0", count: max(0, 4 - figures.utf8.count)) + figures
      + "-" + twoDigits(month) + "-" + twoDigits(day)
  }

  package static func < (left: CivilDate, right: CivilDate) -> Bool {
    (left.year, left.month, left.day) < (right.year, right.month, right.day)
  }

  static func daysIn(month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
