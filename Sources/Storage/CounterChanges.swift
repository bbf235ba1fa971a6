package import Verdicts

/// What one batch adds to the counters.
package struct CounterChanges {
  package private(set) var additions: [CounterKey: Int64] = [:]

  /// - Parameters:
  ///   - rows: the verdicts that were stored, in any order.
  ///   - methodNames: the method of each code that occurs in the rows.
  ///   - methodLabels: methods that have a label already; grows by the methods that get one now, by arrival (which is the
  ///     order of ids in the batch) up to ``Counter/methodLabelsMax``.
  package init(
    rows: UnsafeBufferPointer<VerdictRow>, counts: LedgerCounts, methodNames: (UInt32) throws -> String,
    methodLabels: inout Set<ExactText>
  ) rethrows {
    var methods: [MethodSums] = []
    var slotOfCode: [UInt32: Int] = [:]
    var flagged = [Int64](repeating: 0, count: RiskType.count)
    var unrecognised = (language: Int64(0), region: Int64(0), riskTypes: Int64(0))
    var lastCode: UInt32?
    var slot = 0
    for row in rows {
      let code = row.codes[Dimension.method.lane]
      if code != lastCode {
        lastCode = code
        if let known = slotOfCode[code] {
          slot = known
        } else {
          slot = methods.count
          slotOfCode[code] = slot
          methods.append(MethodSums(code: code))
        }
      }
      methods[slot].add(row)
      if row.riskTypes != 0, Verdict.isFlagged(rawValue: row.verdict) {
        var bits = row.riskTypes
        while bits != 0 {
          flagged[bits.trailingZeroBitCount] += 1
          bits &= bits - 1
        }
      }
      if row.unrecognised != UnrecognisedValues() {
        unrecognised.language += row.unrecognised.language ? 1 : 0
        unrecognised.region += row.unrecognised.region ? 1 : 0
        unrecognised.riskTypes += Int64(row.unrecognised.riskTypes)
      }
    }
    for method in methods.sorted(by: { $0.firstArrival < $1.firstArrival }) {
      add(method, label: Self.label(of: try methodNames(method.code), known: &methodLabels))
    }
    for type in RiskType.allCases { add(CounterKey(.riskType, type.name), flagged[Int(type.rawValue)]) }
    add(CounterKey(.unrecognisedValues, "language"), unrecognised.language)
    add(CounterKey(.unrecognisedValues, "region"), unrecognised.region)
    add(CounterKey(.unrecognisedValues, "risk_types"), unrecognised.riskTypes)
    add(CounterKey(.ingestRecords, "stored"), Int64(counts.stored))
    add(CounterKey(.ingestRecords, "duplicate"), Int64(counts.duplicates))
    add(CounterKey(.ingestRecords, "conflict"), Int64(counts.conflicts))
    add(CounterKey(.ingestRecords, "rejected"), Int64(counts.rejected))
  }

  /// The label under which a method is counted.
  package static func label(of method: String, known: inout Set<ExactText>) -> String {
    if known.contains(ExactText(method)) { return method }
    guard method != Counter.otherLabel, known.count < Counter.methodLabelsMax else { return Counter.otherLabel }
    known.insert(ExactText(method))
    return method
  }

  private mutating func add(_ method: MethodSums, label: String) {
    for verdict in Verdict.allCases {
      add(CounterKey(.request, label, verdict.name), method.verdicts[Int(verdict.rawValue)])
    }
    for (index, edge) in LatencyScale.histogramLabels.enumerated() {
      add(CounterKey(.requestDuration, label, edge), method.histogram[index])
    }
    add(CounterKey(.requestDurationSum, label), method.latencySum)
  }

  private mutating func add(_ key: CounterKey, _ amount: Int64) {
    if amount != 0 { additions[key, default: 0] += amount }
  }
}

/// What one method's verdicts of a batch add up to.
private struct MethodSums {
  var code: UInt32
  var verdicts = SIMD4<Int64>(repeating: 0)
  var histogram = SIMD8<Int64>(repeating: 0)
  var latencySum: Int64 = 0
  var firstArrival = UInt32.max

  init(code: UInt32) { self.code = code }

  mutating func add(_ row: VerdictRow) {
    firstArrival = min(firstArrival, row.idOffset)
    verdicts[Int(row.verdict)] &+= 1
    guard row.latency >= 0 else { return }
    latencySum &+= row.latency
    let edges = LatencyScale.histogramEdgesMicroseconds
    var bucket = 0
    while bucket < edges.count, row.latency > edges[bucket] { bucket += 1 }
    histogram[bucket] &+= 1
  }
}
