import Verdicts

/// What an exposition shows.
package struct ExpositionSettings: Sendable {
  package var prefix = prefixDefault
  package var windows = windowsDefault
  /// Series in one exposition at the most; beyond it the least used values fold into `other`.
  package var seriesMax = seriesMaxDefault

  package static let prefixDefault = "qwen_guard"
  package static let windowsDefault = [
    Window(name: "5m", microseconds: 5 * Timestamp.microsecondsPerMinute), Window(name: "1h", microseconds: Timestamp.microsecondsPerHour),
    Window(name: "24h", microseconds: Timestamp.microsecondsPerDay), Window(name: "7d", microseconds: 7 * Timestamp.microsecondsPerDay),
  ]
  package static let seriesMaxDefault = 10_000
  /// What cannot fold (51 methods, 100 sources, 16 windows overall, one `other` for each label) always fits into this.
  package static let seriesMaxLeast = 2_000
  /// Sources that have a series of their own, by arrival.
  package static let sourcesMax = 100

  package init() {}
}

/// A rolling window: the span of this length that ends at the edge.
package struct Window: Sendable, Hashable {
  /// The label value.
  package var name: String
  package var microseconds: Int64

  package init(name: String, microseconds: Int64) {
    self.name = name
    self.microseconds = microseconds
  }

  /// False where the window begins among dropped verdicts. Tallies could tell it in the one minute of fifteen in which it begins with
  /// them; series that come and go would say more of the clock than of the traffic, so there are none.
  func canBeTold(at edge: Timestamp, floor: Timestamp?) -> Bool {
    floor.map { edge.advanced(byMicroseconds: -microseconds) >= $0 } ?? true
  }
}
