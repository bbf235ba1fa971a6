import SQLFiles
import Storage
import Verdicts

/// Gives dimension values their codes, within the transaction that first stores them.
struct DimensionCodebook {
  private let connection: SQLiteConnection
  private let files: SQLFiles
  private var known: [[ExactText: UInt32]] = [[ExactText: UInt32]](repeating: [:], count: Dimension.allCases.count)

  /// Codes of one dimension that are remembered; beyond it they are looked up again.
  private static let knownMax = 65_536

  init(connection: SQLiteConnection, files: SQLFiles) {
    self.connection = connection
    self.files = files
  }

  /// Forgets everything: after a rollback codes may be gone.
  mutating func forget() {
    for index in known.indices { known[index].removeAll() }
  }

  /// The code of a value, a new one where the value is new.
  mutating func code(of value: String, in dimension: Dimension) throws -> UInt32 {
    if dimension == .stage {
      guard let stage = Stage.names.firstIndex(of: value) else { throw StoreError(.failed, "a stage that no reader lets through") }
      return UInt32(stage)
    }
    let index = dimension.lane
    if let code = known[index][ExactText(value)] { return code }
    if known[index].count >= Self.knownMax { known[index].removeAll(keepingCapacity: true) }
    let code = try find(value, in: dimension) ?? insert(value, in: dimension)
    known[index][ExactText(value)] = code
    return code
  }

  /// The code of a value that has one already.
  func knownCode(of value: String, in dimension: Dimension) throws -> UInt32? {
    try known[dimension.lane][ExactText(value)] ?? find(value, in: dimension)
  }

  private func find(_ value: String, in dimension: Dimension) throws -> UInt32? {
    let find = try connection.statement(files.query("dimension_values.find"))
    defer { find.reset() }
    find.bind(1, Int64(dimension.rawValue))
    find.bind(2, value)
    return try find.step() ? try exactCode(find.integer(0)) : nil
  }

  private func insert(_ value: String, in dimension: Dimension) throws -> UInt32 {
    let newest = try connection.statement(files.query("dimension_values.newest_code"))
    newest.bind(1, Int64(dimension.rawValue))
    _ = try newest.step()
    let newestCode = newest.integer(0)
    newest.reset()
    let code = Int64(try exactCode(newestCode)) + 1
    _ = try exactCode(code)
    let insert = try connection.statement(files.query("dimension_values.insert"))
    insert.bind(1, Int64(dimension.rawValue))
    insert.bind(2, code)
    insert.bind(3, value)
    insert.bind(4, DimensionValueChecksum.of(value, code: UInt32(truncatingIfNeeded: code), in: dimension))
    try insert.run()
    return UInt32(truncatingIfNeeded: code)
  }

  private func exactCode(_ number: Int64) throws -> UInt32 {
    guard let code = UInt32(exactly: number) else {
      throw StoreError(.damaged, "\(connection.path): a dimension value has the impossible code \(number); restore the database from a backup")
    }
    return code
  }
}
