import Storage
import Verdicts

/// Gives the values of fields their codes, in a transaction of its own: a batch that waits does not hold up other workers' new values,
/// and a code once given stays given.
struct CodeRegister {
  private var known: [[ExactText: UInt32]] = [[ExactText: UInt32]](repeating: [:], count: CodedField.allCases.count)
  /// Methods with a label of their own: the first by code, which is by arrival. All that have a code, while they are fewer than
  /// there are labels.
  private(set) var methodLabels: Set<ExactText> = []

  /// Codes of one field that are remembered; beyond it they are looked up again.
  private static let knownMax = 65_536

  /// - Parameter mayMix: asked with the codes' lock held, before a new source is added.
  mutating func register(
    _ intake: BatchIntake, _ connection: PostgresConnection, space: Int64, mayMix: (_ sources: [String]) throws -> Void
  ) throws {
    for field in CodedField.allCases where field != .stage && known[field.lane].count > Self.knownMax {
      known[field.lane].removeAll(keepingCapacity: true)
    }
    try find(intake, connection)
    let sources = intake.usedValues(of: .source)
    guard CodedField.allCases.contains(where: { !missing(intake, of: $0).isEmpty }) else {
      try mayMix(sources)
      return try loadLabels(connection, isComplete: true)
    }
    try connection.transaction {
      try connection.lock(.codes, space: space)
      try find(intake, connection)
      try mayMix(sources)
      for field in CodedField.allCases {
        let values = missing(intake, of: field)
        if !values.isEmpty { try insert(values, in: field, connection) }
      }
    }
    // Only what is committed is remembered.
    try find(intake, connection)
    try loadLabels(connection, isComplete: false)
  }

  /// The codes of values that were registered.
  func codes(of values: [String], in field: CodedField) throws -> [UInt32] {
    try values.map { value in
      if field == .stage {
        guard let stage = Stage.names.firstIndex(of: value) else { throw StoreError(.failed, "a stage that no reader lets through") }
        return UInt32(stage)
      }
      guard let code = known[field.lane][ExactText(value)] else { throw StoreError(.failed, "a \(field.name) without a code") }
      return code
    }
  }

  private func missing(_ intake: BatchIntake, of field: CodedField) -> [String] {
    field == .stage ? [] : intake.usedValues(of: field).filter { known[field.lane][ExactText($0)] == nil }
  }

  private mutating func find(_ intake: BatchIntake, _ connection: PostgresConnection) throws {
    for field in CodedField.allCases {
      let values = missing(intake, of: field)
      guard !values.isEmpty else { continue }
      let found = try connection.run("coded_values.find_all", .integer(Int64(field.rawValue)), .texts(values))
      for row in 0..<found.count {
        guard let code = UInt32(exactly: found.integer(row, 1)) else {
          throw StoreError(.damaged, "a value of \(field.name) has an impossible code; restore the database from a backup")
        }
        known[field.lane][ExactText(found.text(row, 0))] = code
      }
    }
  }

  private func insert(_ values: [String], in field: CodedField, _ connection: PostgresConnection) throws {
    let newest = try connection.run("coded_values.newest_code", .integer(Int64(field.rawValue))).integer(0, 0)
    guard newest >= 0, newest + Int64(values.count) <= Int64(Int32.max) else {
      throw StoreError(.failed, "\(field.name) has as many values as there are codes")
    }
    let codes = values.indices.map { newest + 1 + Int64($0) }
    let checksums = zip(values, codes).map { CodedValueChecksum.of($0, code: UInt32($1), in: field) }
    try connection.run(
      "coded_values.insert_all", .integer(Int64(field.rawValue)), .integers(codes), .texts(values), .integers(checksums))
  }

  /// - Parameter isComplete: whether no method was added since the labels were read.
  private mutating func loadLabels(_ connection: PostgresConnection, isComplete: Bool) throws {
    guard methodLabels.count < Counter.methodLabelsMax, !isComplete || methodLabels.isEmpty else { return }
    let found = try connection.run(
      "coded_values.first", .integer(Int64(CodedField.method.rawValue)), .text(Counter.otherLabel), .integer(Int64(Counter.methodLabelsMax)))
    methodLabels = Set((0..<found.count).map { ExactText(found.text($0, 0)) })
  }
}
