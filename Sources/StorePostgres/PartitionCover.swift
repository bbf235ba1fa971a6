import Storage
import Verdicts

/// The partitions of verdicts that are known to be there.
struct PartitionCover {
  private var ranges: [Range<Int64>] = []

  /// Makes the partitions that rows need and that are not there, each in a transaction of its own.
  ///
  /// - Parameter rows: in ascending order of time.
  mutating func ensure(for rows: [VerdictRow], _ connection: PostgresConnection) throws {
    guard firstUncovered(in: rows) != nil else { return }
    try load(connection)
    while let time = firstUncovered(in: rows) {
      try connection.run("verdict_partitions.ensure", .integer(time))
      try load(connection)
      guard covers(time) else { throw StoreError(.damaged, "the partition of \(Timestamp(microseconds: time).rfc3339()) could not be made") }
    }
  }

  mutating func forget() { ranges.removeAll() }

  private mutating func load(_ connection: PostgresConnection) throws {
    let list = try connection.run("verdict_partitions.list")
    ranges = (0..<list.count).map { list.integer($0, 0)..<max(list.integer($0, 0), list.integer($0, 1)) }
  }

  private func covers(_ time: Int64) -> Bool { index(of: time) != nil }

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

  private func firstUncovered(in rows: [VerdictRow]) -> Int64? {
    var end = Int64.min
    for row in rows where row.time >= end {
      guard let index = index(of: row.time) else { return row.time }
      end = ranges[index].upperBound
    }
    return nil
  }
}
