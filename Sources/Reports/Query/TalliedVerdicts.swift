import Storage
import Tallies
import Verdicts

/// Proves that the verdicts that are counted in place of tallies are as many as these: neither may have been lost.
struct TalliedVerdicts {
  /// Whole 15-minute steps.
  private let span: Span
  private var counted = 0

  /// - Parameter span: whose verdicts are counted.
  init(_ span: Span) {
    let from = span.from.raised(to: TallyKey.grainMicroseconds)
    self.span = Span(from: from, to: max(from, span.to.floored(to: TallyKey.grainMicroseconds)))
  }

  func contains(_ block: StoredBlock) -> Bool { block.firstTime >= span.from.microseconds && block.lastTime < span.to.microseconds }

  /// Counts a block all of which is contained.
  mutating func add(_ block: StoredBlock) { counted += block.count }

  /// Counts what is contained of a block.
  mutating func add(_ columns: VerdictColumns) {
    counted += columns.firstRow(notBefore: span.to.microseconds) - columns.firstRow(notBefore: span.from.microseconds)
  }

  /// - Throws: ``StoreError`` `damaged` where more or fewer are tallied.
  func check(of snapshot: any StoreSnapshot) throws {
    guard !span.isEmpty else { return }
    let buckets = TallyKey.bucket(of: span.from.microseconds)..<TallyKey.bucket(of: span.to.microseconds)
    let tallied = try DaySeal.verdictsTallied(of: snapshot, buckets: buckets)
    guard tallied != counted else { return }
    throw StoreError(
      .damaged,
      "from \(span.from.rfc3339()) to \(span.to.rfc3339()) there are \(counted) verdicts, and \(tallied) are tallied; guardtally verify shows which day is damaged")
  }
}
