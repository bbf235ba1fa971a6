import Aggregation
import Reports
import Storage
import Testing
import Verdicts

@Suite struct JobScheduleTests {
  private func time(_ text: String) throws -> Timestamp { try #require(SpanText.time(text, in: .utc)) }

  /// - Parameter last: when each part of the work last succeeded.
  private func due(_ now: String, at minute: Int, in zone: String = "UTC", last: String?) throws -> Set<JobRun.Work> {
    let schedule = JobSchedule(reportsMinute: minute, zone: try #require(Zone(name: zone)))
    let success = try last.map { try time($0) }
    return schedule.due(now: try time(now)) { _ in success }
  }

  @Test func whatNeverWasDoneIsDue() throws {
    #expect(try due("2026-03-05T00:00:00Z", at: 15, last: nil) == [.periods, .retention, .reports])
  }

  @Test func isDueOnceADay() throws {
    #expect(try due("2026-03-05T00:14:59Z", at: 15, last: "2026-03-04T00:15:00Z") == [.periods, .retention])
    #expect(try due("2026-03-05T00:15:00Z", at: 15, last: "2026-03-05T00:00:10Z") == [.periods, .reports])
    #expect(try due("2026-03-05T23:59:59Z", at: 15, last: "2026-03-05T00:15:00Z") == [.periods])
  }

  /// A day is over ten minutes after its end, and so is the hour of this.
  @Test func periodsAreAddedUpOnceAnHour() throws {
    #expect(try due("2026-03-05T08:59:59Z", at: 15, last: "2026-03-05T08:10:00Z") == [])
    #expect(try due("2026-03-05T09:09:59Z", at: 15, last: "2026-03-05T08:10:00Z") == [])
    #expect(try due("2026-03-05T09:10:00Z", at: 15, last: "2026-03-05T09:09:59Z") == [.periods])
    let now = try time("2026-03-05T09:05:00Z")
    for impossible in [Int64.min, .max] { #expect(JobSchedule.arePeriodsDue(now: now) { _ in Timestamp(microseconds: impossible) }) }
  }

  /// A week of missed appointments is made up for by one run.
  @Test func missedOnesAreMadeUpForOnce() throws {
    #expect(try due("2026-03-12T08:00:00Z", at: 15, last: "2026-03-05T00:15:00Z") == [.periods, .retention, .reports])
    #expect(try due("2026-03-12T08:01:00Z", at: 15, last: "2026-03-12T08:00:00Z") == [])
  }

  /// The time of day is the zone's clock's, also on days of a change: 02:30 does not exist in New York on 2026-03-08.
  @Test func followsTheClockOfTheZone() throws {
    let zone = "America/New_York"
    for (before, after) in [
      ("2026-03-07T07:29:59Z", "2026-03-07T07:30:00Z"), ("2026-03-08T07:29:59Z", "2026-03-08T07:30:00Z"), ("2026-03-09T06:29:59Z", "2026-03-09T06:30:00Z"),
    ] {
      let last = try time(before).advanced(byMicroseconds: -Timestamp.microsecondsPerHour).rfc3339()
      #expect(try due(before, at: 150, in: zone, last: last).subtracting([.periods]) == [], "\(before)")
      #expect(try due(after, at: 150, in: zone, last: last).subtracting([.periods]) == [.reports], "\(after)")
    }
  }
}
