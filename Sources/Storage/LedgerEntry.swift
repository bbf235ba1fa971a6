import ByteCoding
package import Verdicts

/// One run over one input, as the ledger keeps it.
package struct LedgerEntry: Sendable, Equatable {
  package var run: Int64
  package var input: String
  package var startedAt: Timestamp
  package var counts: LedgerCounts
  /// Covers all other fields, so that an edit behind GuardTally's back is found even where the sums still fit.
  package var checksum: Int64

  package init(run: Int64, input: String, startedAt: Timestamp, counts: LedgerCounts, checksum: Int64) {
    self.run = run
    self.input = input
    self.startedAt = startedAt
    self.counts = counts
    self.checksum = checksum
  }

  package static func checksum(run: Int64, input: String, startedAt: Timestamp, counts: LedgerCounts) -> Int64 {
    var writer = ByteWriter()
    let numbers = [
      run, startedAt.microseconds, Int64(counts.read), Int64(counts.stored), Int64(counts.duplicates),
      Int64(counts.conflicts), Int64(counts.rejected), Int64(counts.unrecognised),
    ]
    for number in numbers { writer.littleEndian(UInt64(bitPattern: number), width: 8) }
    writer.bytes.append(contentsOf: input.utf8)
    return Int64(CRC32C.checksum(writer.bytes))
  }

  package var isIntact: Bool {
    checksum == Self.checksum(run: run, input: input, startedAt: startedAt, counts: counts)
  }
}

/// A run in progress: what its ledger row says after the last commit.
package struct LedgerRun: Sendable {
  /// Given by the store with the first commit.
  package var run: Int64?
  package let input: String
  package let startedAt: Timestamp
  package var counts = LedgerCounts()

  /// What its ledger row has for a checksum. Of a run without a number it means nothing.
  package var checksum: Int64 { LedgerEntry.checksum(run: run ?? 0, input: input, startedAt: startedAt, counts: counts) }

  package init(input: String, startedAt: Timestamp) {
    self.input = input
    self.startedAt = startedAt
  }
}
