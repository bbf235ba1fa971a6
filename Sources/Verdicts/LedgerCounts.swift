/// What became of the records of a batch, an input or a run: `read = stored + duplicates + conflicts + rejected`.
package struct LedgerCounts: Hashable, Sendable {
  package var read = 0
  package var stored = 0
  package var duplicates = 0
  package var conflicts = 0
  package var rejected = 0
  /// Values (not records) of stored verdicts that were not recognised.
  package var unrecognised = 0

  package init() {}

  package var balances: Bool { read == stored + duplicates + conflicts + rejected }

  package static func += (left: inout LedgerCounts, right: LedgerCounts) {
    left.read += right.read
    left.stored += right.stored
    left.duplicates += right.duplicates
    left.conflicts += right.conflicts
    left.rejected += right.rejected
    left.unrecognised += right.unrecognised
  }
}
