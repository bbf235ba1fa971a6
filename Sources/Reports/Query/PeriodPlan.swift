import Storage
import Tallies
import Verdicts

/// Which period tallies answer a question where: for each period that has any the one with the fewest cells of those that can, and sixteen
/// days together where not every day of them has one as good.
struct PeriodPlan {
  /// Ascending by first day, sixteen days before their first day; those of sixteen are better than their days.
  private(set) var keys: [PeriodTallyKey] = []

  /// - Parameter floor: periods before it have none.
  init(_ query: BucketQuery, of snapshot: any StoreSnapshot, floor: Timestamp?) throws {
    let hasWholeDay = zip(query.edges, query.edges.dropFirst()).contains { from, to in
      to.microseconds - from.microseconds >= Timestamp.microsecondsPerDay && !Self.wholeDays(from: from, to: to).isEmpty
    }
    guard hasWholeDay, let first = query.edges.first, let last = query.edges.last else { return }
    let order = query.periodCombinations
    /// The place in that order of the best of each period; a period that is added up, and has none of these, has the last.
    var best: [Period: (key: PeriodTallyKey?, rank: Int)] = [:]
    for key in try snapshot.periodTallies(of: Self.wholeDays(from: first, to: last)) where floor.map({ key.period.start >= $0 }) ?? true {
      let rank = key.part == query.periodPart ? order.firstIndex(of: key.combination) ?? order.count : order.count
      if let other = best[key.period], other.rank <= rank { continue }
      best[key.period] = (rank < order.count ? key : nil, rank)
    }
    let together = best.filter { entry in
      guard entry.key.length == .sixteenDays, entry.value.key != nil else { return false }
      return entry.key.days.contains { day in best[Period(of: day, .day)].map { $0.rank >= entry.value.rank } ?? false }
    }
    keys = best.filter { $0.key.length == .day }.merging(together) { $1 }.values.compactMap(\.key).sorted {
      ($0.period.firstDay, $1.period.length.days) < ($1.period.firstDay, $0.period.length.days)
    }
  }

  /// Days (UTC) that lie in a stretch of time as a whole.
  static func wholeDays(from: Timestamp, to: Timestamp) -> Range<UInt32> {
    let first = Period.day(of: max(from, Timestamp(microseconds: 0)).raised(to: Timestamp.microsecondsPerDay))
    return first..<max(first, Period.day(of: to))
  }
}
