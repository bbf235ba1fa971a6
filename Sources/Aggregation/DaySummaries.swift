import Storage
import Verdicts

/// Adds up the tallies of days that are over, so that reports and windows over long spans read little.
struct DaySummaries {
  private let store: any VerdictStore
  private let maintainer: any StoreMaintainer
  private let clock: @Sendable () -> Timestamp

  /// A day is over this long after its end: its last verdicts are on their way until then.
  static let graceMicroseconds = 10 * Timestamp.microsecondsPerMinute
  /// A run of the job adds up days for this long; the next one goes on.
  private static let microsecondsMax = 30 * Timestamp.microsecondsPerSecond

  init(of store: any VerdictStore, by maintainer: any StoreMaintainer, clock: @escaping @Sendable () -> Timestamp) {
    self.store = store
    self.maintainer = maintainer
    self.clock = clock
  }

  struct Summary: Equatable {
    /// Whether every day was looked at.
    var isComplete = true
    /// Why a day was left, or nil.
    var obstacle: String?
  }

  /// Adds up each day that is over and is not added up yet, the newest first. A day that changes meanwhile is left to the next run.
  ///
  /// - Parameter isInterrupted: asked between two days.
  func make(now: Timestamp, isInterrupted: () -> Bool) throws -> Summary {
    var summary = Summary()
    let begin = clock()
    let days = try store.read { try $0.daysWithoutSummary(endingBy: now.advanced(byMicroseconds: -Self.graceMicroseconds)) }
    for (index, day) in days.enumerated() {
      guard !isInterrupted(), clock().microseconds - begin.microseconds < Self.microsecondsMax else {
        summary.isComplete = false
        summary.obstacle = summary.obstacle ?? "\(days.count - index) day\(days.count - index == 1 ? " is" : "s are") left to be added up by the next run"
        return summary
      }
      do {
        if let made = try store.read({ try DaySummary(of: $0, day: day) }) { _ = try maintainer.keep(made) }
      } catch let error as StoreError where error.code == .damaged {
        // The other days are none the worse for it.
        summary.obstacle = summary.obstacle ?? "\(day.rfc3339().prefix(10)) could not be added up: \(error.description)"
      }
    }
    return summary
  }
}
