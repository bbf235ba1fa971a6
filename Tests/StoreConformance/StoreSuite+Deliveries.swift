import Storage
import Testing
import Verdicts

extension StoreSuite {
  /// Deliveries share a batch: each learns what became of its own records, and an earlier one's come first.
  func tellsDeliveriesApart() throws {
    let time = Self.start
    let deliveries: [[Record]] = [
      [.init("a", time), .init("b", time + 1) { $0.source = "t" }, .init("a", time)],
      [],
      [.init("a", time) { $0.language = "fr" }, .init("c", time + 5) { $0.method = "rescan" }],
      [.init("c", time + 5) { $0.method = "rescan" }, .init("d", time - 5) { $0.nativeNames = "llama-guard-3|S1=violence" }],
      [.init("e", time + 9) { $0.nativeNames = "llama-guard-3|S1=violence" }],
    ]
    var batch = VerdictBatch(input: "http")
    for records in deliveries {
      var delivery = Self.batch(records)
      delivery.rejections = [Rejection(position: LinePosition(line: 9, offset: 9, length: 9), code: .badJSON)]
      delivery.read += 1
      batch.add(delivery: delivery)
    }
    let writer = try store.makeWriter(options: WriterOptions())
    defer { writer.close() }
    var run = LedgerRun(input: "http", startedAt: Timestamp(microseconds: 1))
    let outcome = try writer.store(batch, in: &run)
    #expect(counts(outcome) == [13, 5, 2, 1, 5])
    #expect(outcome.deliveries.map(counts) == [[4, 2, 1, 0, 1], [1, 0, 0, 0, 1], [3, 1, 0, 1, 1], [3, 1, 1, 0, 1], [2, 1, 0, 0, 1]])
    #expect(outcome.deliveries.map { $0.refused.map(\.position.line) } == [[], [], [1], [], []])
    #expect(run.counts == outcome.counts)
    #expect(try identities().map { $0.split(separator: " ").dropFirst().joined(separator: " ") } == ["s d", "s a", "t b", "s c", "s e"])
    let again = try writer.store(batch, in: &run)
    #expect(again.deliveries.map(counts) == [[4, 0, 3, 0, 1], [1, 0, 0, 0, 1], [3, 0, 1, 1, 1], [3, 0, 2, 0, 1], [2, 0, 1, 0, 1]])
    try store.read { snapshot throws in
      let listed = try snapshot.values(of: .nativeNames)
      #expect(listed.all.map(\.value) == ["llama-guard-3|S1=violence"])
    }
  }
}
