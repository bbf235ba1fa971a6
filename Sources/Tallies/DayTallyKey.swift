package import Verdicts

/// Which day tally: a day (UTC), what it is counted by, and which of its counts.
///
/// Latencies are kept apart, for they are most of the bytes and few questions are about them.
package struct DayTallyKey: Hashable, Comparable, Sendable {
  /// Whole days since 1970.
  package var day: UInt32
  package var combination: DayCombination
  package var part: Part

  /// The raw value is part of the key under which a store keeps them.
  package enum Part: UInt8, CaseIterable, Sendable {
    /// Verdicts, causes of errors and risk types.
    case counts
    /// Sums and distributions of latencies.
    case latencies = 64
  }

  package init(day: UInt32, combination: DayCombination, part: Part) {
    self.day = day
    self.combination = combination
    self.part = part
  }

  /// The one number under which stores keep a day tally: the day in the high bits, so that a day's lie side by side.
  package var number: Int64 { Int64(day) << 8 | Int64(combination.rawValue | part.rawValue) }

  /// Nil for a number that no day tally has.
  package init?(number: Int64) {
    let code = UInt8(truncatingIfNeeded: number)
    guard let day = UInt32(exactly: number >> 8), let part = Part(rawValue: code & Part.latencies.rawValue),
      let combination = DayCombination(rawValue: code & ~Part.latencies.rawValue), part == .counts || !combination.hasNames
    else { return nil }
    self.init(day: day, combination: combination, part: part)
  }

  package var start: Timestamp { Timestamp(microseconds: Int64(day) * Timestamp.microsecondsPerDay) }

  /// The day of an instant from 1970 on; an earlier one falls on the first.
  package static func day(of time: Timestamp) -> UInt32 { UInt32(clamping: time.microseconds / Timestamp.microsecondsPerDay) }

  /// Days that 15-minute buckets are of.
  package static func days(of buckets: Range<UInt32>) -> Range<UInt32> {
    guard let last = buckets.last else { return 0..<0 }
    func day(_ bucket: UInt32) -> UInt32 { Self.day(of: TallyKey(combination: .overall, bucket: bucket).start) }
    return day(buckets.lowerBound)..<day(last) + 1
  }

  /// Numbers that the day tallies of a day can have.
  package static func numbers(of day: UInt32) -> ClosedRange<Int64> { Int64(day) << 8...Int64(day) << 8 | 255 }

  package static func < (left: DayTallyKey, right: DayTallyKey) -> Bool { left.number < right.number }
}
