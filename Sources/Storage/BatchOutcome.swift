package import Verdicts

/// What a store did with one batch.
package struct BatchOutcome: Sendable {
  package var counts = LedgerCounts()
  /// Rows refused by the store: conflicts, and times before the floor. The batch's own rejections are not repeated.
  package var refused: [Rejection] = []
  /// The same of each delivery that the batch holds; none where it is one.
  package var deliveries: [BatchOutcome] = []

  package init() {}
}
