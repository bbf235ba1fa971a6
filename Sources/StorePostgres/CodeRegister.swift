import Storage
import Verdicts

/// Gives dimension values their codes, in a transaction of its own: a batch that waits does not hold up other workers' new values,
/// and a code once given stays given.
struct CodeRegister {
  private var known: [[ExactText: UInt32]] = [[ExactText: UInt32]](repeating: [:], count: Dimension.allCases.count)
  /// Methods with a label of their own: the first by code, which is by arrival. All that have a code, while they are fewer than
  /// there are labels.
  private(set) var methodLabels: Set<ExactText> = []

  /// Codes of one dimension that are remembered; beyond it they are looked up again.
  private static let knownMax = 65_536

  /// - Parameter mayMix: asked with the codes' lock held, before a new source is added.
  mutating func register(
    _ intake: BatchIntake, _ connection: PostgresConnection, space: Int64, mayMix: (_ sources: [String]) throws -> Void
  ) throws {
    for dimension in Dimension.allCases where dimension != .stage && known[dimension.lane].count > Self.knownMax {
      known[dimension.lane].removeAll(keepingCapacity: true)
    }
    try find(intake, connection)
    let sources = intake.usedValues(of: .source)
    guard Dimension.allCases.contains(where: { !missing(intake, of: $0).isEmpty }) else {
      try mayMix(sources)
      return try loadLabels(connection, isComplete: true)
    }
    try connection.transaction {
      try connection.lock(.codes, space: space)
      try find(intake, connection)
      try mayMix(sources)
      for dimension in Dimension.allCases {
        let values = missing(intake, of: dimension)
        if !values.isEmpty { try insert(values, in: dimension, connection) }
      }
    }
    // Only what is committed is remembered.
    try find(intake, connection)
    try loadLabels(connection, isComplete: false)
  }

  /// The codes of values that were registered.
  func codes(of values: [String], in dimension: Dimension) throws -> [UInt32] {
    try values.map { value in
      if dimension == .stage {
        guard let stage = Stage.names.firstIndex(of: value) else { throw StoreError(.failed, "a stage that no reader lets through") }
        return UInt32(stage)
      }
      guard let code = known[dimension.lane][ExactText(value)] else { throw StoreError(.failed, "a \(dimension.name) without a code") }
      return code
    }
  }

  private func missing(_ intake: BatchIntake, of dimension: Dimension) -> [String] {
    dimension == .stage ? [] : intake.usedValues(of: dimension).filter { known[dimension.lane][ExactText($0)] == nil }
  }

  private mutating func find(_ intake: BatchIntake, _ connection: PostgresConnection) throws {
    for dimension in Dimension.allCases {
      let values = missing(intake, of: dimension)
      guard !values.isEmpty else { continue }
      let found = try connection.run("dimension_values.find_all", .integer(Int64(dimension.rawValue)), .texts(values))
      for row in 0..<found.count {
        guard let code = UInt32(exactly: found.integer(row, 1)) else {
          throw StoreError(.damaged, "a value of \(dimension.name) has an impossible code; restore the database from a backup")
        }
        known[dimension.lane][ExactText(found.text(row, 0))] = code
      }
    }
  }

  private func insert(_ values: [String], in dimension: Dimension, _ connection: PostgresConnection) throws {
    let newest = try connection.run("dimension_values.newest_code", .integer(Int64(dimension.rawValue))).integer(0, 0)
    guard newest >= 0, newest + Int64(values.count) <= Int64(Int32.max) else {
      throw StoreError(.failed, "\(dimension.name) has as many values as there are codes")
    }
    let codes = values.indices.map { newest + 1 + Int64($0) }
    let checksums = zip(values, codes).map { DimensionValueChecksum.of($0, code: UInt32($1), in: dimension) }
    try connection.run(
      "dimension_values.insert_all", .integer(Int64(dimension.rawValue)), .integers(codes), .texts(values), .integers(checksums))
  }

  /// - Parameter isComplete: whether no method was added since the labels were read.
  private mutating func loadLabels(_ connection: PostgresConnection, isComplete: Bool) throws {
    guard methodLabels.count < Counter.methodLabelsMax, !isComplete || methodLabels.isEmpty else { return }
    let found = try connection.run(
      "dimension_values.first", .integer(Int64(Dimension.method.rawValue)), .text(Counter.otherLabel), .integer(Int64(Counter.methodLabelsMax)))
    methodLabels = Set((0..<found.count).map { ExactText(found.text($0, 0)) })
  }
}
