package import Verdicts

/// Batches for the checks, without a reader.
extension StoreSuite {
  package struct Record {
    package var id: String
    package var time: Int64
    package var verdict = Verdict.safe
    package var source = "s"
    package var model = "m"
    package var method = "judge"
    package var language = "en"
    package var region = "US"
    package var latency: Int64 = VerdictRow.noLatency
    package var riskTypes: UInt32 = 0
    /// As ``NativeNameText`` writes them, or nil for none.
    package var nativeNames: String?

    package init(_ id: String, _ time: Int64, _ change: (inout Record) -> Void = { _ in }) {
      self.id = id
      self.time = time
      change(&self)
    }
  }

  package static func batch(_ records: [Record]) -> VerdictBatch {
    var batch = VerdictBatch(input: "suite")
    for (index, record) in records.enumerated() {
      var row = VerdictRow()
      row.time = record.time
      row.verdict = record.verdict.rawValue
      row.latency = record.latency
      row.riskTypes = record.riskTypes
      row.idOffset = UInt32(batch.idBytes.count)
      row.idLength = UInt16(record.id.utf8.count)
      batch.idBytes += Array(record.id.utf8)
      for (lane, value) in [record.source, record.model, "prompt", record.method, record.language, record.region].enumerated() {
        if let known = batch.values[lane].firstIndex(where: { $0.utf8.elementsEqual(value.utf8) }) {
          row.codes[lane] = UInt32(known)
        } else {
          row.codes[lane] = UInt32(batch.values[lane].count)
          batch.values[lane].append(value)
        }
      }
      if let names = record.nativeNames {
        let lane = CodedField.nativeNames.lane
        if !batch.values[lane].contains(names) { batch.values[lane].append(names) }
        row.codes[lane] = UInt32(batch.values[lane].firstIndex(of: names) ?? 0) + 1
      }
      batch.rows.append(row)
      batch.positions.append(LinePosition(line: UInt64(index + 1), offset: UInt64(index * 50), length: 49))
      batch.read += 1
    }
    return batch
  }
}
