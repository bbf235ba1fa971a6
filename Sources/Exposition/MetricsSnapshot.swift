import Reports
package import Storage
import Tallies
package import Verdicts

/// Everything that is published of a store at one moment, computed in one snapshot.
package struct MetricsSnapshot: Sendable {
  package let families: [MetricFamily]

  /// - Parameter now: ends the windows at its edge, and is the time at which the exposition says it was computed.
  package init(of snapshot: any StoreSnapshot, settings: ExpositionSettings, now: Timestamp) throws {
    var settings = settings
    let floor = try snapshot.floor()
    settings.windows.removeAll { !$0.canBeTold(at: now.edge, floor: floor) }
    let counters = try snapshot.counters()
    let newest = try snapshot.newestVerdictEver()
    let cumulative = CounterFamilies(counters, prefix: settings.prefix, hasVerdicts: newest != nil || counters.contains { $0.key.counter == .request && $0.value > 0 }).families
    var store = CounterFamilies.ingest(counters)
    store.append(try Self.lastVerdicts(of: snapshot))
    store += Self.moments(newest: newest, now: now)
    store += Self.aggregation(counters, last: try snapshot.lastAggregation())
    let foldedMethods = try Self.foldedMethods(of: snapshot, counters)
    let foldedLabels = WindowFamilies.dimensions.map(\.name) + [Dimension.method.name, Dimension.source.name]
    let otherSeries = (cumulative + store).reduce(0) { $0 + $1.samples.count } + foldedLabels.count + 1
    let windows = try WindowFamilies(of: snapshot, settings: settings, edge: now.edge, otherSeries: otherSeries)
    var folded = MetricFamily("guardtally_series_folded", .gauge, "Label values without series of their own, by label: folded into other, or left out (source).")
    for dimension in WindowFamilies.dimensions { folded.add(Int64(windows.foldedCounts[dimension] ?? 0), [.init("label", dimension.name)]) }
    folded.add(Int64(foldedMethods), [.init("label", Dimension.method.name)])
    let sourcesLeftOut = max(0, try snapshot.lastVerdictBySource().count - ExpositionSettings.sourcesMax)
    folded.add(Int64(sourcesLeftOut), [.init("label", Dimension.source.name)])
    families = cumulative + windows.families + store + [Self.storeUp(true), folded]
  }

  /// What is published when the store is out of reach: that it is, and nothing else.
  package static let outOfReach = [storeUp(false)]

  private static func storeUp(_ isUp: Bool) -> MetricFamily {
    var family = MetricFamily("guardtally_store_up", .gauge, "1 while the store can be read; at 0 the series that come from it are withdrawn.")
    family.add(isUp ? 1 : 0)
    return family
  }

  private static func aggregation(_ counters: [CounterKey: Int64], last: Timestamp?) -> [MetricFamily] {
    var runs = MetricFamily("guardtally_aggregation_runs", .counter, "Runs of the scheduled job by outcome.")
    for outcome in AggregationOutcome.allCases {
      runs.add(counters[CounterKey(.aggregationRuns, outcome.rawValue)] ?? 0, [.init("outcome", outcome.rawValue)])
    }
    var success = MetricFamily("guardtally_last_aggregation_timestamp_seconds", .gauge, "When the scheduled job last succeeded.")
    if let last { success.add(MetricNumber.seconds(microseconds: last.microseconds)) }
    return [runs, success]
  }

  private static func lastVerdicts(of snapshot: any StoreSnapshot) throws -> MetricFamily {
    var family = MetricFamily(
      "guardtally_source_last_verdict_timestamp_seconds", .gauge, "Time of the newest verdict of each source; the first \(ExpositionSettings.sourcesMax) sources by arrival.")
    let names = try snapshot.values(of: .source)
    for (source, time) in try snapshot.lastVerdictBySource().prefix(ExpositionSettings.sourcesMax) {
      family.add(MetricNumber.seconds(microseconds: time.microseconds), [.init("source", names[source] ?? "")])
    }
    return family
  }

  private static func moments(newest: Timestamp?, now: Timestamp) -> [MetricFamily] {
    var watermark = MetricFamily(
      "guardtally_watermark_timestamp_seconds", .gauge, "Time of the newest verdict that is tallied, or now if that is earlier.")
    if let newest { watermark.add(MetricNumber.seconds(microseconds: min(newest, now).microseconds)) }
    var computed = MetricFamily("guardtally_snapshot_timestamp_seconds", .gauge, "When this exposition was computed.")
    computed.add(MetricNumber.seconds(microseconds: now.microseconds))
    return [watermark, computed]
  }

  /// Methods beyond the first by arrival, which are counted as `other`.
  private static func foldedMethods(of snapshot: any StoreSnapshot, _ counters: [CounterKey: Int64]) throws -> Int {
    let labels = Set(counters.keys.filter { $0.counter == .request }.map { ExactText($0.label) })
    let unlabelled = Set(try snapshot.values(of: .method).all.filter { !labels.contains(ExactText($0.value)) }.map(\.code))
    guard !unlabelled.isEmpty else { return 0 }
    // A record that was refused as a conflict may have brought a method that no verdict has.
    var folded: Set<UInt32> = []
    try snapshot.forEachTally(of: .method, buckets: 0..<UInt32.max) { key, bytes in
      guard folded.count < unlabelled.count else { return }
      var cells = try TallyDecoder(bytes, of: .method)
      while try cells.next() {
        let code = cells.codes[Dimension.method.lane]
        if unlabelled.contains(code) { folded.insert(code) }
      }
    }
    return folded.count
  }
}
