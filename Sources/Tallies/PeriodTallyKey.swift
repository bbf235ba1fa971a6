import Verdicts

/// Which period tally: a period, what it is counted by, and which of its counts.
///
/// Latencies are kept apart, for they are most of the bytes and few questions are about them.
package struct PeriodTallyKey: Hashable, Comparable, Sendable {
  package var period: Period
  package var combination: PeriodCombination
  package var part: Part

  /// The raw value is part of the key under which a store keeps them.
  package enum Part: UInt8, CaseIterable, Sendable {
    /// Verdicts, causes of errors and risk types.
    case counts = 0
    /// Sums and distributions of latencies.
    case latencies = 64
  }

  package init(period: Period, combination: PeriodCombination, part: Part) {
    self.period = period
    self.combination = combination
    self.part = part
  }

  /// The one number under which stores keep a period tally: the first day in the high bits, so that a period's lie side by side.
  package var number: Int64 { Self.numbers(of: period).lowerBound | Int64(combination.rawValue | part.rawValue) }

  /// Nil for a number that no period tally has.
  package init?(number: Int64) {
    let code = UInt8(truncatingIfNeeded: number)
    guard let day = UInt32(exactly: number >> 8), let length = Period.Length(rawValue: code & Period.Length.sixteenDays.rawValue),
      day % length.days == 0, let part = Part(rawValue: code & Part.latencies.rawValue),
      let combination = PeriodCombination(rawValue: code & ~Part.latencies.rawValue & ~Period.Length.sixteenDays.rawValue),
      part == .counts || !combination.hasNames
    else { return nil }
    self.init(period: Period(of: day, length), combination: combination, part: part)
  }

  /// As messages name it.
  package var name: String { "tally of \(combination.name)\(part == .latencies ? " (latencies)" : "") of \(period.name)" }

  /// Numbers that the tallies of a period can have.
  package static func numbers(of period: Period) -> ClosedRange<Int64> {
    let first = Int64(period.firstDay) << 8 | Int64(period.length.rawValue)
    return first...first | 127
  }

  package static func < (left: PeriodTallyKey, right: PeriodTallyKey) -> Bool { left.number < right.number }
}
