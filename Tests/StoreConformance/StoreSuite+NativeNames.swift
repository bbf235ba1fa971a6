import Storage
import Testing
import Verdicts

extension StoreSuite {
  /// Names come back with the verdicts that had them, long ones and many alike; the same verdict in other words is a conflict.
  func keepsNativeNames() throws {
    let long = "g|" + (0..<60).map { "Name \($0) of some length (with signs, é)=violence+hate" }.joined(separator: "|")
    let names: [String?] = [nil, "llama-guard-1|O1=violence+hate", "llama-guard-1|(unlisted)=other", long, "qwen3guard-gen|PII=privacy"]
    func records(_ shift: Int) -> [Record] {
      (0..<2_000).map { index in
        Record("id-\(index)", Self.start + Int64(index) * 1_000_000) {
          $0.verdict = .unsafe
          $0.riskTypes = 1
          $0.nativeNames = names[(index + shift) % names.count]
        }
      }
    }
    let outcomes = try store([records(0), records(0), records(1)])
    #expect(outcomes.map(counts) == [[2_000, 2_000, 0, 0, 0], [2_000, 0, 2_000, 0, 0], [2_000, 0, 0, 2_000, 0]])
    try store.read { snapshot throws in
      let listed = try snapshot.values(of: .nativeNames)
      var found: [String?] = []
      try snapshot.forEachVerdicts(in: .always, fields: .all) { run in
        for row in run.rows { found.append(listed[row.codes[CodedField.nativeNames.lane]]) }
      }
      #expect(found == records(0).map(\.nativeNames))
    }
  }
}
