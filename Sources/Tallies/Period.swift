package import Verdicts

/// A stretch of time whose tallies are added up: a day (UTC), or sixteen days.
///
/// Sixteen, for where a day has few verdicts it has nearly as many cells, and because a shift tells which sixteen a day is of.
package struct Period: Hashable, Comparable, Sendable {
  /// The raw value is part of the key under which a store keeps its tallies.
  package enum Length: UInt8, CaseIterable, Sendable {
    case day = 0
    case sixteenDays = 128

    package var days: UInt32 { self == .day ? 1 : 16 }
  }

  /// Whole days since 1970; a multiple of the length.
  package let firstDay: UInt32
  package let length: Length

  /// The period of a length that a day is of.
  package init(of day: UInt32, _ length: Length) {
    firstDay = day / length.days * length.days
    self.length = length
  }

  package var days: Range<UInt32> { firstDay..<firstDay + length.days }
  package var start: Timestamp { Self.start(ofDay: firstDay) }
  package var end: Timestamp { Self.start(ofDay: firstDay + length.days) }
  package var span: Span { Span(from: start, to: end) }
  package var buckets: Range<UInt32> { TallyKey.bucket(of: start.microseconds)..<TallyKey.bucket(of: end.microseconds) }

  /// As messages name it.
  package var name: String {
    let day = String(start.rfc3339().prefix(10))
    return length == .day ? day : "\(length.days) days from \(day)"
  }

  /// The day (UTC) of an instant from 1970 on; an earlier one falls on the first.
  package static func day(of time: Timestamp) -> UInt32 { UInt32(clamping: time.microseconds / Timestamp.microsecondsPerDay) }

  private static func start(ofDay day: UInt32) -> Timestamp { Timestamp(microseconds: Int64(day) * Timestamp.microsecondsPerDay) }

  package static func < (left: Period, right: Period) -> Bool {
    (left.firstDay, left.length.rawValue) < (right.firstDay, right.length.rawValue)
  }
}
