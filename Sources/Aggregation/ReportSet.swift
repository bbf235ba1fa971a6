package import Reports
package import Verdicts

/// The reports that the scheduled job publishes: complete buckets only, by hour for a week and by day for a quarter.
package struct ReportSet: Sendable {
  /// A report and the file that shows it.
  package struct Member: Sendable {
    /// The file's name without its ending, such as `safe-ratio.day.region`.
    package var name: String
    package var report: Report
  }

  package let zone: Zone
  package let members: [Member]

  package static let hourlyDays: Int64 = 7
  package static let dailyDays: Int64 = 90

  /// - Parameter now: the day it falls on, in the zone, is not complete and in no report.
  package init(zone: Zone, now: Timestamp) throws(QueryError) {
    self.zone = zone
    let today = zone.date(at: now)
    let end = zone.firstInstant(of: today)
    var members: [Member] = []
    for name in [ReportName.safeRatio, .categories, .latency] {
      for (step, label, days) in [(BucketStep.hour, "hour", Self.hourlyDays), (.day, "day", Self.dailyDays)] {
        let span = Span(from: zone.firstInstant(of: CivilDate(daysSinceEpoch: today.daysSinceEpoch - days)), to: end)
        for dimension in [nil, Dimension.language, .region] {
          members.append(
            Member(
              name: [name.rawValue, label, dimension?.name].compactMap(\.self).joined(separator: "."),
              report: try Report(name: name, span: span, step: step, by: dimension.map { [$0] } ?? [], filters: [], zone: zone)))
        }
      }
    }
    self.members = members
  }

  /// What the reports cover.
  package var start: Timestamp { members.map(\.report.span.from).min() ?? end }
  package var end: Timestamp { members[0].report.span.to }
}
