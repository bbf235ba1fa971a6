import Testing
import Verdicts

@Suite struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (946_684_800_000_000, "2000-01-01T00:00:00Z"), (951_782_399_999_999, "2000-02-28T23:59:59.999999Z"),
    (951_782_400_000_000, "2000-02-29T00:00:00Z"), (4_107_542_400_000_000, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"),
    (1_767_225_600_500_000, "2026-01-01T00:00:00.5Z"), (1_767_225_600_000_010, "2026-01-01T00:00:00.00001Z"),
  ])
  func writesUTC(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).rfc3339() == text)
  }

  @Test func writesOffsets() {
    let time = Timestamp(microseconds: 1_767_225_600_000_000)
    #expect(time.rfc3339(offsetSeconds: 19_800, isUTC: false) == "2026-01-01T05:30:00+05:30")
    #expect(time.rfc3339(offsetSeconds: -12_600, isUTC: false) == "2025-12-31T20:30:00-03:30")
    #expect(time.rfc3339(offsetSeconds: 0, isUTC: false) == "2026-01-01T00:00:00+00:00")
  }

  @Test func theEdgeIsTheEndOfTheMinute() {
    let minute = Timestamp(microseconds: 1_767_225_600_000_000)
    #expect(minute.edge == minute.advanced(byMicroseconds: 60_000_000))
    #expect(minute.advanced(byMicroseconds: 59_999_999).edge == minute.advanced(byMicroseconds: 60_000_000))
    #expect(minute.advanced(byMicroseconds: -1).edge == minute)
  }

  @Test func floorsAndRaisesOnBothSidesOf1970() {
    #expect(Timestamp(microseconds: -1).floored(to: 10).microseconds == -10)
    #expect(Timestamp(microseconds: -10).floored(to: 10).microseconds == -10)
    #expect(Timestamp(microseconds: -1).raised(to: 10).microseconds == 0)
    #expect(Timestamp(microseconds: 11).raised(to: 10).microseconds == 20)
    #expect(Timestamp(microseconds: 20).raised(to: 10).microseconds == 20)
  }

  /// Every day of four centuries, against counting them one by one.
  @Test func datesCountUpDayByDay() {
    var date = CivilDate(year: 1900, month: 1, day: 1)!
    var number = date.daysSinceEpoch
    #expect(number == -25_567)
    while date.year < 2300 {
      #expect(CivilDate(daysSinceEpoch: number) == date)
      #expect(date.daysSinceEpoch == number)
      number += 1
      date =
        CivilDate(year: date.year, month: date.month, day: date.day + 1) ?? CivilDate(year: date.year, month: date.month + 1, day: 1)
        ?? CivilDate(year: date.year + 1, month: 1, day: 1)!
    }
    #expect(CivilDate(year: 2026, month: 11, day: 23)?.weekdayFromMonday == 0)
    #expect(CivilDate(year: 1969, month: 12, day: 28)?.weekdayFromMonday == 6)
    #expect(CivilDate(year: 2026, month: 2, day: 29) == nil)
  }
}
