import Reports
import Storage
import Tallies
import Verdicts

/// The counts of every window, by the values of one dimension or overall.
struct WindowCounts {
  /// One value's counts.
  struct Entry {
    /// Nil where nothing is grouped.
    var value: String?
    /// By window, in the settings' order.
    var results: [ResultCounts]
    /// By window, flagged verdicts by risk type; empty unless asked for.
    var flagged: [[Int64]]
  }

  /// In bytewise order of the values.
  private(set) var entries: [Entry] = []

  /// All windows end at the edge, so the stretches between their beginnings are counted once and summed from the edge back.
  init(of snapshot: any StoreSnapshot, by dimension: Dimension?, windows: [Window], edge: Timestamp, measure: Measure) throws {
    let lengths = Set(windows.map(\.microseconds)).sorted(by: >)
    let query = BucketQuery(
      edges: lengths.map { edge.advanced(byMicroseconds: -$0) } + [edge], by: dimension.map { [$0] } ?? [], measure: measure)
    let stride = measure.stride
    var byWindow = GroupTable(stride: stride * windows.count)
    try BucketScan(query, of: snapshot).forEachBucket { bucket, groups in
      for (group, key) in groups.keys.enumerated() {
        let base = byWindow.base(of: key)
        for (index, window) in windows.enumerated() where window.microseconds >= lengths[bucket] {
          for offset in 0..<stride { byWindow.counts[base + index * stride + offset] += groups.counts[group * stride + offset] }
        }
      }
    }
    let values = try dimension.map { try snapshot.values(of: $0) }
    for (group, key) in byWindow.keys.enumerated() {
      var entry = Entry(value: nil, results: [], flagged: [])
      if let dimension, let values {
        guard let value = values[key[dimension.lane]] else {
          throw StoreError(.damaged, "a verdict has a \(dimension.name) that the store does not list; run guardtally verify")
        }
        entry.value = value
      }
      for index in windows.indices {
        let counts = byWindow.counts[(group * windows.count + index) * stride..<(group * windows.count + index + 1) * stride]
        let base = counts.startIndex
        entry.results.append(
          ResultCounts(safe: counts[base], controversial: counts[base + 1], unsafe: counts[base + 2], error: counts[base + 3]))
        guard measure == .riskTypes else { continue }
        entry.flagged.append(
          (0..<RiskType.count).map { counts[base + 4 + $0] + counts[base + 4 + RiskType.count + $0] })
      }
      entries.append(entry)
    }
    entries.sort { ($0.value ?? "").utf8.lexicographicallyPrecedes(($1.value ?? "").utf8) }
  }

  /// Folds values into `other`, which joins a value of that name if there is one.
  mutating func fold(_ folded: Set<ExactText>) {
    guard !folded.isEmpty else { return }
    var kept: [Entry] = []
    var other: Entry?
    for entry in entries {
      guard let value = entry.value, folded.contains(ExactText(value)) || value == FoldPlan.otherValue else {
        kept.append(entry)
        continue
      }
      guard var sum = other else {
        other = entry
        other?.value = FoldPlan.otherValue
        continue
      }
      for index in sum.results.indices { sum.results[index].add(entry.results[index]) }
      other = sum
    }
    if let other { kept.append(other) }
    entries = kept.sorted { ($0.value ?? "").utf8.lexicographicallyPrecedes(($1.value ?? "").utf8) }
  }
}
