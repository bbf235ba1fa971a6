import Storage
import Verdicts

/// The partitions of verdicts that are known to be there.
struct PartitionCover {
  private var ranges: [Range<Int64>] = []

  /// Partitions that are made in one transaction, which locks each until its end.
  private static let madeAtOnce = 64

  /// Makes the partitions that rows need and that are not there, in transactions of their own.
  ///
  /// - Parameter rows: in ascending order of time.
  mutating func ensure(for rows: [VerdictRow], _ connection: PostgresConnection) throws {
    guard !uncovered(in: rows).isEmpty else { return }
    try load(connection)
    while let first = uncovered(in: rows).first {
      try connection.run("verdict_partitions.ensure", .integers(uncovered(in: rows)))
      try load(connection)
      guard index(of: first) != nil else {
        throw StoreError(.damaged, "the partition of \(Timestamp(microseconds: first).rfc3339()) could not be made; run guardtally verify")
      }
    }
  }

  mutating func forget() { ranges.removeAll() }

  private mutating func load(_ connection: PostgresConnection) throws {
    let list = try connection.run("verdict_partitions.list")
    ranges = (0..<list.count).map { list.integer($0, 0)..<max(list.integer($0, 0), list.integer($0, 1)) }
  }

  /// The range that holds a time: ranges ascend and do not overlap.
  private func index(of time: Int64) -> Int? {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= time { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(time) ? low : nil
  }

  /// An instant of each of the first days that no partition covers.
  private func uncovered(in rows: [VerdictRow]) -> [Int64] {
    var instants: [Int64] = []
    var end = Int64.min
    for row in rows where row.time >= end {
      if let index = index(of: row.time) {
        end = ranges[index].upperBound
        continue
      }
      instants.append(row.time)
      if instants.count == Self.madeAtOnce { break }
      end = (row.time / Timestamp.microsecondsPerDay + 1) * Timestamp.microsecondsPerDay
    }
    return instants
  }
}
