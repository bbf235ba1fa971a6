import Storage
import Tallies
import Verdicts

/// Adds up the tallies of periods that are over, so that reports and windows over long spans read little.
struct PeriodSummaries {
  private let store: any VerdictStore
  private let maintainer: any StoreMaintainer
  private let clock: @Sendable () -> Timestamp

  /// A period is over this long after its end: its last verdicts are on their way until then.
  static let graceMicroseconds = 10 * Timestamp.microsecondsPerMinute
  /// A run of the job adds up for this long; the next one goes on.
  private static let microsecondsMax = 30 * Timestamp.microsecondsPerSecond

  init(of store: any VerdictStore, by maintainer: any StoreMaintainer, clock: @escaping @Sendable () -> Timestamp) {
    self.store = store
    self.maintainer = maintainer
    self.clock = clock
  }

  struct Summary: Equatable {
    /// Whether every period was looked at.
    var isComplete = true
    /// Why one was left, or nil.
    var obstacle: String?
  }

  /// Adds up each period that is over and is not added up yet, days before sixteen days, the newest first. One that changes meanwhile is
  /// left to the next run.
  ///
  /// - Parameter isInterrupted: asked between two periods.
  func make(now: Timestamp, isInterrupted: () -> Bool) throws -> Summary {
    var summary = Summary()
    let begin = clock()
    let end = now.advanced(byMicroseconds: -Self.graceMicroseconds)
    let periods = try store.read { snapshot in try Period.Length.allCases.flatMap { try snapshot.periodsWithoutSummary(of: $0, endingBy: end) } }
    for (index, period) in periods.enumerated() {
      guard !isInterrupted(), clock().microseconds - begin.microseconds < Self.microsecondsMax else {
        summary.isComplete = false
        summary.obstacle = summary.obstacle ?? "\(periods.count - index) periods are left to be added up by the next run"
        return summary
      }
      do {
        if let made = try store.read({ try PeriodSummary(of: $0, period) }) { _ = try maintainer.keep(made) }
      } catch let error as StoreError where error.code == .damaged {
        // The others are none the worse for it.
        summary.obstacle = summary.obstacle ?? "\(period.name) could not be added up: \(error.description)"
      }
    }
    return summary
  }
}
