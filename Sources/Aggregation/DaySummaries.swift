import Storage
import Verdicts

/// Adds up the tallies of days that are over, so that reports and windows over long spans read little.
struct DaySummaries {
  private let store: any VerdictStore
  private let maintainer: any StoreMaintainer

  init(of store: any VerdictStore, by maintainer: any StoreMaintainer) {
    self.store = store
    self.maintainer = maintainer
  }

  struct Summary: Equatable {
    var days = 0
    /// Why the first day that could not be added up could not, or nil.
    var obstacle: String?
  }

  /// Adds up each day that is over and is not added up yet. A day that changes meanwhile is left to the next run.
  ///
  /// - Parameter isInterrupted: asked between two days.
  func make(now: Timestamp, isInterrupted: () -> Bool) throws -> Summary {
    var summary = Summary()
    for day in try store.read({ try $0.daysWithoutSummary(endingBy: now) }) where !isInterrupted() {
      do {
        guard let made = try store.read({ try DaySummary(of: $0, day: day) }) else { continue }
        if try maintainer.keep(made) { summary.days += 1 }
      } catch let error as StoreError where error.code == .damaged {
        // The other days are none the worse for it.
        summary.obstacle = summary.obstacle ?? "\(day.rfc3339().prefix(10)) could not be added up: \(error.description)"
      }
    }
    return summary
  }
}
