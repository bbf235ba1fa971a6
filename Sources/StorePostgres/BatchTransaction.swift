import Storage
import Tallies
import Verdicts

/// The rows of a batch on their way into the table: the first of each key is written, the others are compared with it.
struct BatchTransaction {
  private let rows: [VerdictRow]
  private let idBytes: [UInt8]
  /// The first row of each key, and for each row which of them is its own.
  private var leaders: [VerdictRow] = []
  private var leaderOfRow: [Int32] = []

  /// How rows find their way in, from the fastest to the one that always does.
  enum Way: Int, Comparable {
    /// All are copied in: right when none is there.
    case copying
    /// Those that are there are looked up, the others copied in: fails where other workers store the same meanwhile.
    case lookingUp
    /// The others are inserted unless they are there by then, and what was not inserted is looked up in a new statement.
    case inserting

    static func < (left: Way, right: Way) -> Bool { left.rawValue < right.rawValue }
    var next: Way { Way(rawValue: rawValue + 1) ?? .inserting }
  }

  /// - Parameter rows: in ascending order of key, equal keys in order of arrival.
  init(rows: [VerdictRow], idBytes: [UInt8]) {
    self.rows = rows
    self.idBytes = idBytes
    leaders.reserveCapacity(rows.count)
    leaderOfRow.reserveCapacity(rows.count)
    let isRepeated = rows.withUnsafeBufferPointer { rows in
      idBytes.withUnsafeBufferPointer { ids in
        rows.indices.map { $0 > 0 && VerdictKey.compare(rows.baseAddress! + $0 - 1, ids.baseAddress!, rows.baseAddress! + $0, ids.baseAddress!) == 0 }
      }
    }
    for (index, row) in rows.enumerated() {
      if !isRepeated[index] { leaders.append(row) }
      leaderOfRow.append(Int32(leaders.count - 1))
    }
  }

  /// Rows that are written, where none of them is there.
  var count: Int { leaders.count }

  /// Writes all of them: right when none is there, and a unique violation otherwise. For few rows; many are copied in for less.
  var insertion: PostgresConnection.Query { leaders.withUnsafeBufferPointer { query("verdicts.insert_all", of: $0.indices, of: $0) } }

  /// What becomes of each row where none of them is there.
  var fatesIfNew: [VerdictFate] { fates { _ in nil } }

  /// Writes what is new, within a transaction that is open.
  ///
  /// - Parameter isScattered: in and out: whether looking up each key was cheaper than reading a span.
  /// - Returns: what became of each row.
  /// - Throws: ``PostgresFailure``, a unique violation where a way was too optimistic.
  func write(_ way: Way, _ connection: PostgresConnection, isScattered: inout Bool) throws -> [VerdictFate] {
    try leaders.withUnsafeBufferPointer { leaders in
      try idBytes.withUnsafeBufferPointer { ids in
        guard let ids = ids.baseAddress, !leaders.isEmpty else { return [] }
        guard way > .copying else {
          try copy(leaders, ids: ids, connection)
          return fatesIfNew
        }
        var stored = try StoredVerdicts(of: leaders, ids: ids, in: connection, isScattered: isScattered)
        isScattered = stored.isScattered
        let new = leaders.indices.filter { stored.found[$0] == nil }
        if way == .lookingUp {
          try new.map { leaders[$0] }.withUnsafeBufferPointer { if !$0.isEmpty { try copy($0, ids: ids, connection) } }
        } else {
          let beaten = try insert(new, of: leaders, ids: ids, connection)
          if !beaten.isEmpty {
            try stored.lookUp(beaten, connection)
            guard beaten.allSatisfy({ stored.found[$0] != nil }) else {
              // Stored and gone again: a transaction that is begun anew sees which.
              throw PostgresFailure(state: "40001", message: "", action: "verdicts.insert_new", isConnectionBad: false)
            }
          }
        }
        return fates { stored.found[$0] }
      }
    }
  }

  private func copy(_ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, _ connection: PostgresConnection) throws {
    try connection.copyIn("verdicts.copy_in") { send in try VerdictWire.write(rows, ids: ids, send) }
  }

  /// - Returns: which of the rows were not inserted, for they were there by then.
  private func insert(
    _ new: [Int], of leaders: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, _ connection: PostgresConnection
  ) throws -> [Int] {
    guard !new.isEmpty else { return [] }
    let inserted = try connection.run(query("verdicts.insert_new", of: new, of: leaders))
    guard inserted.count < new.count else { return [] }
    struct Key: Hashable {
      var time: Int64
      var source: Int64
      var id: [UInt8]
    }
    let keys = Set((0..<inserted.count).map { Key(time: inserted.integer($0, 0), source: inserted.integer($0, 1), id: Array(inserted.bytes($0, 2))) })
    return new.filter { index in
      let row = leaders[index]
      let id = Array(UnsafeBufferPointer(start: ids + Int(row.idOffset), count: Int(row.idLength)))
      return !keys.contains(Key(time: row.time, source: Int64(row.codes[Dimension.source.lane]), id: id))
    }
  }

  /// A query that takes rows as arrays, one for each column.
  private func query(_ name: String, of indices: some Collection<Int>, of leaders: UnsafeBufferPointer<VerdictRow>) -> PostgresConnection.Query {
    func column<Value>(_ value: (UnsafePointer<VerdictRow>) -> Value) -> [Value] { indices.map { value(leaders.baseAddress! + $0) } }
    func code(_ lane: Int) -> PostgresValue { .shortIntegers(column { Int32(bitPattern: $0.pointee.codes[lane]) }) }
    return .init(
      name, .integers(column { $0.pointee.time }), .integers(column { $0.pointee.latency < 0 ? nil : $0.pointee.latency }),
      code(Dimension.source.lane), code(Dimension.model.lane), code(Dimension.method.lane), code(Dimension.language.lane),
      code(Dimension.region.lane), .shortIntegers(column { Int32(bitPattern: $0.pointee.riskTypes) }),
      .shortIntegers(column { Int32(VerdictAttributes(of: $0.pointee).number) }),
      .shortIntegers(column { $0.pointee.codes[CodedField.nativeNames.lane] == 0 ? nil : Int32(bitPattern: $0.pointee.codes[CodedField.nativeNames.lane]) }),
      .slices(idBytes, indices.map { Int(leaders[$0].idOffset)..<Int(leaders[$0].idOffset) + Int(leaders[$0].idLength) }))
  }

  /// A row that another one's key has is compared with what came first: what was there before, else the first of the batch.
  private func fates(_ found: (Int) -> VerdictRow?) -> [VerdictFate] {
    var fates: [VerdictFate] = []
    fates.reserveCapacity(rows.count)
    var previous: Int32 = -1
    for (index, row) in rows.enumerated() {
      let leader = leaderOfRow[index]
      let before = found(Int(leader))
      if let before {
        fates.append(before.hasSameContent(as: row) ? .duplicate : .conflict)
      } else if leader != previous {
        fates.append(.stored)
      } else {
        fates.append(leaders[Int(leader)].hasSameContent(as: row) ? .duplicate : .conflict)
      }
      previous = leader
    }
    return fates
  }
}
