package import Verdicts

/// What rebuilding tallies has changed.
package struct RebuildOutcome: Sendable, Equatable {
  package var talliesChanged = 0
  /// Beginnings of 15-minute buckets whose verdicts are not those that an intact tally had counted. The new tallies fit them, so
  /// `verify` will not find that again: it must be said now.
  package var bucketsOfOtherVerdicts: [Timestamp] = []

  package init() {}

  package static func += (left: inout RebuildOutcome, right: RebuildOutcome) {
    left.talliesChanged += right.talliesChanged
    left.bucketsOfOtherVerdicts += right.bucketsOfOtherVerdicts
  }
}
