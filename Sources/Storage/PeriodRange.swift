package import Tallies
package import Verdicts

/// Periods of a length that begin at a store's floor or later and end by a time, as a store looks for them.
package struct PeriodRange {
  /// The first day of the first period and that after the last, days since 1970; days of a period; what its tallies' numbers begin at.
  package let parameters: [Int64]

  package init(_ length: Period.Length, from floor: Timestamp?, endingBy time: Timestamp) {
    let floorDay = floor.map(Period.day(of:)) ?? 0
    var first = Period(of: floorDay, length)
    if first.firstDay < floorDay { first = Period(of: first.days.upperBound, length) }
    let end = Period(of: Period.day(of: time), length)
    parameters = [Int64(first.firstDay), Int64(end.firstDay), Int64(length.days), Int64(length.rawValue)]
  }
}
