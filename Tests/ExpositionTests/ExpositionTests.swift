import Exposition
import Foundation
import Storage
import StoreConformance
import StoreSQLite
import Testing
import Verdicts

private func exposition(
  _ records: [StoreSuite.Record], now: Int64, format: ExpositionFormat = .text, change: (inout ExpositionSettings) -> Void = { _ in }
) throws -> String {
  let path = FileManager.default.temporaryDirectory.appending(path: "guardtally-\(UUID().uuidString).db").path()
  defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
  let store = SQLiteStore(path: path, now: { Timestamp(microseconds: 0) })
  let writer = try store.makeWriter(options: WriterOptions())
  var run = LedgerRun(input: "x", startedAt: Timestamp(microseconds: 0))
  _ = try writer.store(StoreSuite.batch(records), in: &run)
  writer.close()
  var settings = ExpositionSettings()
  change(&settings)
  return format.render(try store.read { try MetricsSnapshot(of: $0, settings: settings, now: Timestamp(microseconds: now)) }.families)
}

private func samples(_ text: String, _ name: String) -> [String] {
  text.split(separator: "\n").map(String.init).filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
}

@Suite struct ExpositionTests {
  private let start = StoreSuite.start
  private let minute = Timestamp.microsecondsPerMinute

  @Test func windowsEndAtTheEdge() throws {
    let text = try exposition(
      [
        .init("in 5m", start + 55 * minute), .init("at its beginning", start + 55 * minute - 4 * minute + 4 * minute),
        .init("before 5m", start + 55 * minute - 1) { $0.verdict = .unsafe }, .init("future", start + 61 * minute),
        .init("error", start + 58 * minute) { $0.verdict = .error },
      ], now: start + 59 * minute + 1)
    #expect(
      samples(text, "qwen_guard_window_verdicts").prefix(8) == [
        #"qwen_guard_window_verdicts{window="5m",result="safe"} 2"#, #"qwen_guard_window_verdicts{window="5m",result="controversial"} 0"#,
        #"qwen_guard_window_verdicts{window="5m",result="unsafe"} 0"#, #"qwen_guard_window_verdicts{window="5m",result="error"} 1"#,
        #"qwen_guard_window_verdicts{window="1h",result="safe"} 2"#, #"qwen_guard_window_verdicts{window="1h",result="controversial"} 0"#,
        #"qwen_guard_window_verdicts{window="1h",result="unsafe"} 1"#, #"qwen_guard_window_verdicts{window="1h",result="error"} 1"#,
      ])
    #expect(samples(text, "qwen_guard_safe_ratio").first == #"qwen_guard_safe_ratio{window="5m"} 1"#)
  }

  @Test func noTrafficHasNoSeriesAndErrorsAloneNoRatio() throws {
    let later = try exposition([.init("old", start)], now: start + 8 * Timestamp.microsecondsPerDay)
    #expect(samples(later, "qwen_guard_window_verdicts").isEmpty)
    #expect(samples(later, "qwen_guard_language_window_verdicts").isEmpty)
    #expect(samples(later, "qwen_guard_request_total").count == 4)
    #expect(samples(later, "qwen_guard_risk_type_distribution_total").count == 17)
    let errors = try exposition([.init("e", start) { $0.verdict = .error }], now: start)
    #expect(samples(errors, "qwen_guard_window_verdicts").count == 16)
    #expect(samples(errors, "qwen_guard_safe_ratio").isEmpty)
    #expect(samples(errors, "qwen_guard_language_safe_ratio").isEmpty)
    let empty = try exposition([], now: start)
    #expect(!empty.contains("qwen_guard_"))
    #expect(samples(empty, "guardtally_store_up") == ["guardtally_store_up 1"])
  }

  @Test func foldsTheLeastUsedValues() throws {
    var records: [StoreSuite.Record] = []
    for index in 0..<60 {
      for copy in 0...(index / 10) { records.append(.init("\(index)-\(copy)", start) { $0.model = "model \(index)" }) }
    }
    records.append(.init("o", start) { $0.model = "other" })
    let whole = try exposition(records, now: start)
    let count = whole.split(separator: "\n").filter { !$0.hasPrefix("#") }.count
    #expect(try exposition(records, now: start) { $0.seriesMax = count } == whole)
    // One series less: the two least used models, ties bytewise, join the one that is called other.
    let folded = try exposition(records, now: start) { $0.seriesMax = count - 1 }
    #expect(folded.split(separator: "\n").filter { !$0.hasPrefix("#") }.count <= count - 1)
    #expect(samples(folded, "guardtally_series_folded").contains(#"guardtally_series_folded{label="model"} 1"#))
    #expect(!folded.contains(#"model="model 0""#))
    #expect(folded.contains(#"qwen_guard_model_window_verdicts{window="7d",model="other",result="safe"} 2"#))
    let tight = try exposition(records, now: start) { $0.seriesMax = 260 }
    #expect(tight.split(separator: "\n").filter { !$0.hasPrefix("#") }.count <= 260)
  }

  @Test func escapesLabelValues() throws {
    let text = try exposition([.init("a", start) { $0.model = #"a"b\c 守"# }], now: start)
    #expect(text.contains(#"model="a\"b\\c 守""#))
  }

  @Test func histogramsAreCumulativeAndExact() throws {
    let latencies: [Int64] = [0, 100_000, 100_001, 30_000_000, 30_000_001]
    let records = latencies.enumerated().map { index, latency in StoreSuite.Record("\(index)", start) { $0.latency = latency } }
    let text = try exposition(records + [.init("none", start)], now: start, format: .openmetrics)
    #expect(
      text.split(separator: "\n").filter { $0.hasPrefix("qwen_guard_request_duration_seconds") }.map { $0.split(separator: " ").last! } == [
        "2", "3", "3", "3", "3", "3", "4", "5", "60.200002", "5",
      ])
    #expect(text.contains("# TYPE qwen_guard_request counter\n"))
    #expect(text.contains("qwen_guard_request_total{"))
    #expect(text.hasSuffix("\n# EOF\n"))
  }
}
