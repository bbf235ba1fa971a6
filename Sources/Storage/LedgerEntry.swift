import ByteCoding
package import Verdicts

/// One run over one input, as the ledger keeps it.
package struct LedgerEntry: Sendable, Equatable {
  package var run: Int64
  package var input: String
  package var startedAt: Timestamp
  package var counts: LedgerCounts
  /// Verdicts of other runs that this one removed.
  package var discarded: Int
  /// Covers all other fields, so that an edit behind GuardTally's back is found even where the sums still fit.
  package var checksum: Int64

  package init(run: Int64, input: String, startedAt: Timestamp, counts: LedgerCounts, discarded: Int = 0, checksum: Int64) {
    self.run = run
    self.input = input
    self.startedAt = startedAt
    self.counts = counts
    self.discarded = discarded
    self.checksum = checksum
  }

  package static func checksum(run: Int64, input: String, startedAt: Timestamp, counts: LedgerCounts, discarded: Int = 0) -> Int64 {
    var writer = ByteWriter()
    let numbers = [
      run, startedAt.microseconds, Int64(counts.read), Int64(counts.stored), Int64(counts.duplicates),
      Int64(counts.conflicts), Int64(counts.rejected), Int64(counts.unrecognised),
    ]
    for number in numbers { writer.littleEndian(UInt64(bitPattern: number), width: 8) }
    writer.bytes.append(contentsOf: input.utf8)
    // Rows from before there was such a column keep theirs.
    if discarded != 0 { writer.littleEndian(UInt64(discarded), width: 8) }
    return Int64(CRC32C.checksum(writer.bytes))
  }

  package var isIntact: Bool {
    checksum == Self.checksum(run: run, input: input, startedAt: startedAt, counts: counts, discarded: discarded)
  }
}

/// A run in progress: what its ledger row says after the last commit.
package struct LedgerRun: Sendable {
  /// Given by the store with the first commit.
  package var run: Int64?
  package let input: String
  package let startedAt: Timestamp
  package var counts = LedgerCounts()
  /// Verdicts of other runs that it removed.
  package var discarded = 0

  /// What its ledger row has for a checksum. Of a run without a number it means nothing.
  package var checksum: Int64 { LedgerEntry.checksum(run: run ?? 0, input: input, startedAt: startedAt, counts: counts, discarded: discarded) }

  package init(input: String, startedAt: Timestamp) {
    self.input = input
    self.startedAt = startedAt
  }
}
