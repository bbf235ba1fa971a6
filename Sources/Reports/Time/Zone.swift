import Foundation
package import Verdicts

/// An IANA time zone: which offset held when.
package struct Zone: Sendable {
  package let name: String
  package let isUTC: Bool
  private let rules: TimeZone

  package static let utc = Zone(name: "UTC", isUTC: true, rules: .gmt)

  private init(name: String, isUTC: Bool, rules: TimeZone) {
    self.name = name
    self.isUTC = isUTC
    self.rules = rules
  }

  /// Nil for a name that IANA's database does not have. Names are case-sensitive, and abbreviations and bare offsets such as
  /// `GMT+5` are no names: they mean different things to different readers.
  package init?(name: String) {
    if Self.namesOfUTC.contains(name) {
      self.init(name: name, isUTC: true, rules: .gmt)
      return
    }
    guard name.contains("/") || Self.namesWithoutSlash.contains(name), let rules = TimeZone(identifier: name) else { return nil }
    self.init(name: name, isUTC: false, rules: rules)
  }

  /// Names most like one that is none, for a message; also by the part behind the slash alone, as in `kolkata`.
  package static func nearestNames(to name: String) -> [String] {
    let names = allNames
    let cities = names.filter { $0.split(separator: "/").last?.lowercased() == name.lowercased().replacing(" ", with: "_") }
    return cities.isEmpty ? NearestNames.of(name, among: names) : Array(cities.prefix(3))
  }

  /// All names that ``init(name:)`` takes, in order.
  package static var allNames: [String] {
    // The system's own list: the library's has old names in the place of some.
    let folder = FileManager.default.enumerator(atPath: "/usr/share/zoneinfo")
    let files = folder?.compactMap { $0 as? String }.filter { $0.first?.isUppercase == true } ?? []
    return (files.isEmpty ? TimeZone.knownTimeZoneIdentifiers : files).filter { Zone(name: $0) != nil }.sorted()
  }

  private static let namesOfUTC: Set<String> = [
    "UTC", "UCT", "Universal", "Zulu", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu",
  ]
  private static let namesWithoutSlash: Set<String> = [
    "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "GB", "GMT", "Greenwich", "HST", "Hongkong", "Iceland",
    "Iran", "Israel", "Jamaica", "Japan", "Kwajalein", "Libya", "MET", "MST", "MST7MDT", "NZ", "NZ-CHAT", "Navajo", "PRC",
    "PST8PDT", "Poland", "Portugal", "ROC", "ROK", "Singapore", "Turkey", "W-SU", "WET",
  ]

  /// Seconds east of UTC.
  package func offsetSeconds(at time: Timestamp) -> Int {
    if isUTC { return 0 }
    // Whole seconds are exact as doubles, and offsets change on whole seconds.
    let seconds = time.floored(to: Timestamp.microsecondsPerSecond).microseconds / Timestamp.microsecondsPerSecond
    return rules.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
  }

  /// RFC 3339 in this zone.
  package func text(_ time: Timestamp) -> String {
    // RFC 3339 has no seconds in an offset. No zone has had any since 1972; before, the time is told in the nearest offset.
    time.rfc3339(offsetSeconds: offsetSeconds(at: time) / 60 * 60, isUTC: isUTC)
  }

  /// The stretches of constant offset that make up a span, in order and without gaps.
  ///
  /// Looks once a day and halves down to the second where the offset changed: no zone has changed twice within a day.
  package func periods(in span: Span) -> [ZonePeriod] {
    var periods: [ZonePeriod] = []
    var start = span.from
    var offset = offsetSeconds(at: start)
    var time = start
    while !isUTC, time < span.to {
      let next = min(time.advanced(byMicroseconds: Timestamp.microsecondsPerDay), span.to)
      let nextOffset = offsetSeconds(at: next)
      if nextOffset != offset {
        let change = firstSecond(after: time, notLaterThan: next, without: offset)
        periods.append(ZonePeriod(span: Span(from: start, to: change), offsetSeconds: offset))
        start = change
        offset = nextOffset
      }
      time = next
    }
    periods.append(ZonePeriod(span: Span(from: start, to: span.to), offsetSeconds: offset))
    return periods
  }

  /// The instant at which `offset`, which holds at `low`, has ended; it does not hold at `high`.
  private func firstSecond(after low: Timestamp, notLaterThan high: Timestamp, without offset: Int) -> Timestamp {
    var low = low.floored(to: Timestamp.microsecondsPerSecond).microseconds / Timestamp.microsecondsPerSecond
    var high = high.raised(to: Timestamp.microsecondsPerSecond).microseconds / Timestamp.microsecondsPerSecond
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsetSeconds(at: Timestamp(microseconds: middle * Timestamp.microsecondsPerSecond)) == offset { low = middle } else { high = middle }
    }
    return Timestamp(microseconds: high * Timestamp.microsecondsPerSecond)
  }

  /// The first instant of a date: midnight, or the clock change that skipped it.
  package func firstInstant(of date: CivilDate) -> Timestamp {
    let midnight = date.daysSinceEpoch * Timestamp.microsecondsPerDay
    let around = Span(
      from: Timestamp(microseconds: midnight - 2 * Timestamp.microsecondsPerDay),
      to: Timestamp(microseconds: midnight + 2 * Timestamp.microsecondsPerDay))
    return Self.firstInstant(ofLocalMidnight: midnight, in: periods(in: around)) ?? around.to
  }

  /// The first instant whose local clock shows `localMidnight` or later, or nil where the periods end before it.
  static func firstInstant(ofLocalMidnight localMidnight: Int64, in periods: some Sequence<ZonePeriod>) -> Timestamp? {
    for period in periods {
      let offset = Int64(period.offsetSeconds) * Timestamp.microsecondsPerSecond
      let instant = max(period.span.from.microseconds, localMidnight - offset)
      if instant < period.span.to.microseconds { return Timestamp(microseconds: instant) }
    }
    return nil
  }

  /// The date on a wall calendar.
  package func date(at time: Timestamp) -> CivilDate {
    let local = time.advanced(byMicroseconds: Int64(offsetSeconds(at: time)) * Timestamp.microsecondsPerSecond)
    return CivilDate(daysSinceEpoch: local.floored(to: Timestamp.microsecondsPerDay).microseconds / Timestamp.microsecondsPerDay)
  }
}

/// A stretch of time with one offset.
package struct ZonePeriod: Equatable, Sendable {
  package var span: Span
  /// Seconds east of UTC.
  package var offsetSeconds: Int
}
