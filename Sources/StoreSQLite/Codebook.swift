import SQLFiles
import Storage
import Verdicts

/// Gives the values of fields their codes, within the transaction that first stores them.
struct Codebook {
  private let connection: SQLiteConnection
  private let files: SQLFiles
  private var known: [[ExactText: UInt32]] = [[ExactText: UInt32]](repeating: [:], count: CodedField.allCases.count)

  /// Codes of one field that are remembered; beyond it they are looked up again.
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
  mutating func code(of value: String, in field: CodedField) throws -> UInt32 {
    if field == .stage {
      guard let stage = Stage.names.firstIndex(of: value) else { throw StoreError(.failed, "a stage that no reader lets through") }
      return UInt32(stage)
    }
    let index = field.lane
    if let code = known[index][ExactText(value)] { return code }
    if known[index].count >= Self.knownMax { known[index].removeAll(keepingCapacity: true) }
    let code = try find(value, in: field) ?? insert(value, in: field)
    known[index][ExactText(value)] = code
    return code
  }

  /// The code of a value that has one already.
  func knownCode(of value: String, in field: CodedField) throws -> UInt32? {
    try known[field.lane][ExactText(value)] ?? find(value, in: field)
  }

  private func find(_ value: String, in field: CodedField) throws -> UInt32? {
    let find = try connection.query("coded_values.find", of: files)
    defer { find.reset() }
    find.bind(1, Int64(field.rawValue))
    find.bind(2, value)
    return try find.step() ? try exactCode(find.integer(0)) : nil
  }

  private func insert(_ value: String, in field: CodedField) throws -> UInt32 {
    let newest = try connection.query("coded_values.newest_code", of: files)
    newest.bind(1, Int64(field.rawValue))
    _ = try newest.step()
    let newestCode = newest.integer(0)
    newest.reset()
    let code = Int64(try exactCode(newestCode)) + 1
    _ = try exactCode(code)
    let insert = try connection.query("coded_values.insert", of: files)
    insert.bind(1, Int64(field.rawValue))
    insert.bind(2, code)
    insert.bind(3, value)
    insert.bind(4, CodedValueChecksum.of(value, code: UInt32(truncatingIfNeeded: code), in: field))
    try insert.run()
    return UInt32(truncatingIfNeeded: code)
  }

  private func exactCode(_ number: Int64) throws -> UInt32 {
    guard let code = UInt32(exactly: number) else {
      throw StoreError(.damaged, "\(connection.path): a value has the impossible code \(number); restore the database from a backup")
    }
    return code
  }
}
