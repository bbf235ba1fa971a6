import Reports
import Testing
import Verdicts

private func time(_ text: String) -> Timestamp { SpanText.time(text, in: .utc)! }

private func edges(_ step: BucketStep, _ from: String, _ to: String, _ zone: String) -> [String] {
  let zone = Zone(name: zone)!
  return step.edges(of: Span(from: time(from), to: time(to)), in: zone).map(zone.text)
}

@Suite struct ZoneTests {
  @Test func knowsNames() {
    #expect(Zone(name: "Asia/Kolkata") != nil)
    #expect(Zone(name: "America/Argentina/Buenos_Aires") != nil)
    for name in ["", "Mars/Olympus", "GMT+5", "IST", "PST", "asia", "+05:30", "utc"] { #expect(Zone(name: name) == nil, "\(name)") }
    #expect(Zone(name: "Etc/UTC")?.text(time("2026-01-01")) == "2026-01-01T00:00:00Z")
    #expect(Zone(name: "Europe/London")?.text(time("2026-01-01")) == "2026-01-01T00:00:00+00:00")
  }

  @Test func aRepeatedHourIsTwoBuckets() {
    #expect(
      edges(.hour, "2026-11-01T04:30:00Z", "2026-11-01T08:00:00Z", "America/New_York") == [
        "2026-11-01T00:30:00-04:00", "2026-11-01T01:00:00-04:00", "2026-11-01T01:00:00-05:00", "2026-11-01T02:00:00-05:00",
        "2026-11-01T03:00:00-05:00",
      ])
  }

  @Test func aSkippedHourIsNoBucket() {
    #expect(
      edges(.hour, "2026-03-08T06:00:00Z", "2026-03-08T09:00:00Z", "America/New_York") == [
        "2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-08T04:00:00-04:00", "2026-03-08T05:00:00-04:00",
      ])
  }

  /// Lord Howe goes back by half an hour, so the change begins a bucket in the middle of an hour.
  @Test func halfAnHourOfClockChange() {
    #expect(
      edges(.hour, "2026-04-04T14:00:00Z", "2026-04-04T17:00:00Z", "Australia/Lord_Howe") == [
        "2026-04-05T01:00:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30", "2026-04-05T03:00:00+10:30",
        "2026-04-05T03:30:00+10:30",
      ])
  }

  @Test func daysBeginAtTheFirstInstantOfTheirDate() {
    // Midnight does not exist on this day in São Paulo, and 30 December 2011 did not in Apia.
    #expect(
      edges(.day, "2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z", "America/Sao_Paulo") == [
        "2018-11-03T09:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00", "2018-11-05T10:00:00-02:00",
      ])
    #expect(
      edges(.day, "2011-12-29T12:00:00Z", "2012-01-01T12:00:00Z", "Pacific/Apia") == [
        "2011-12-29T02:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00", "2012-01-02T00:00:00+14:00",
        "2012-01-02T02:00:00+14:00",
      ])
    // St. John's changed its clocks at 00:01, so midnight came twice: the day begins with the first.
    #expect(
      edges(.day, "2010-11-06T12:00:00Z", "2010-11-08T12:00:00Z", "America/St_Johns") == [
        "2010-11-06T09:30:00-02:30", "2010-11-07T00:00:00-02:30", "2010-11-08T00:00:00-03:30", "2010-11-08T08:30:00-03:30",
      ])
    // The span ends in the hour that came twice, when the date is the old one again.
    #expect(
      edges(.day, "2009-10-31T12:00:00Z", "2009-11-01T03:00:00Z", "America/St_Johns") == [
        "2009-10-31T09:30:00-02:30", "2009-11-01T00:00:00-02:30", "2009-10-31T23:30:00-03:30",
      ])
    #expect(Zone(name: "America/Sao_Paulo").map { $0.text($0.firstInstant(of: CivilDate(year: 2018, month: 11, day: 4)!)) } == "2018-11-04T01:00:00-02:00")
  }

  @Test func weeksBeginOnMondayAndMonthsOnTheFirst() {
    #expect(
      edges(.week, "2026-01-01T00:00:00Z", "2026-01-13T00:00:00Z", "UTC") == [
        "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z", "2026-01-13T00:00:00Z",
      ])
    #expect(
      edges(.month, "2026-01-31T00:00:00Z", "2026-04-01T00:00:00Z", "Asia/Kolkata") == [
        "2026-01-31T05:30:00+05:30", "2026-02-01T00:00:00+05:30", "2026-03-01T00:00:00+05:30", "2026-04-01T00:00:00+05:30",
        "2026-04-01T05:30:00+05:30",
      ])
  }

  @Test func minutesFollowTheWallClock() {
    #expect(
      edges(.quarterHour, "2026-01-01T00:07:30Z", "2026-01-01T00:31:00Z", "Asia/Kathmandu") == [
        "2026-01-01T05:52:30+05:45", "2026-01-01T06:00:00+05:45", "2026-01-01T06:15:00+05:45", "2026-01-01T06:16:00+05:45",
      ])
  }

  @Test func readsLengths() {
    #expect(SpanText.length("90s") == 90_000_000)
    #expect(SpanText.length("2w") == 1_209_600_000_000)
    for text in ["", "5", "h", "-1h", "0m", "1.5h", "1y", "99999999999999999999d", "+1h"] { #expect(SpanText.length(text) == nil, "\(text)") }
  }
}
