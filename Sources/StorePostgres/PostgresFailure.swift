import Storage

/// What Postgres, or the way to it, answered instead of a result. Never holds content: messages of the server that could are left
/// out, as are its details and hints, which repeat keys.
struct PostgresFailure: Error {
  /// SQLSTATE (Postgres' appendix A); empty where the connection itself broke.
  var state: String
  /// The server's words where they cannot hold content, else nothing.
  var message: String
  /// The query file, or what was done.
  var action: String
  var isConnectionLost: Bool

  /// A key that is there already.
  var isUniqueViolation: Bool { state == "23505" }
  /// Deadlock, or a serialisation failure: the same transaction may do the next time.
  var isWorthRetrying: Bool { state == "40P01" || state == "40001" }
  /// A query that holds something, and finds it otherwise.
  var isOtherwise: Bool { state == "22012" }
  /// A row that no partition takes.
  var isWithoutPartition: Bool { state == "23514" }

  init(state: String, message: String, action: String, isConnectionBad: Bool) {
    self.state = state
    self.action = action
    // A connection that the server ends: for a restart, by an administrator, after a time in a transaction.
    isConnectionLost = isConnectionBad || state.hasPrefix("08") || ["57P01", "57P02", "57P03", "25P03"].contains(state)
    let speaksOfTheServer = ["08", "28", "3D", "42501", "53", "55", "57", "58", "XX", "25"].contains { state.hasPrefix($0) }
    self.message = state.isEmpty || speaksOfTheServer ? message : ""
  }

  /// Runs a body and translates what Postgres answered into the words of the store.
  ///
  /// - Parameter place: how messages name the database.
  static func translated<Result>(at place: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let failure as PostgresFailure {
      throw failure.storeError(at: place)
    }
  }

  /// In the words of the store.
  ///
  /// - Parameter place: how messages name the database.
  func storeError(at place: String) -> StoreError {
    let words = message.isEmpty ? "Postgres answered \(state) at \(action)" : message
    switch state {
    case _ where isConnectionLost:
      return StoreError(.unreachable, "\(place): \(words); what was acknowledged is stored; check the server and run the same command again")
    case "55P03", "57014":
      return StoreError(.busy, "\(place): another process holds what is needed and did not finish in time; try again, or wait longer with --busy-timeout")
    case "53100":
      return StoreError(.full, "no space left for \(place); what was acknowledged is stored; free space and run the same command again")
    case "25006":
      return StoreError(.unreachable, "\(place) is read-only; name the primary server with --db")
    case "42501":
      return StoreError(.failed, "\(place): \(words); the role lacks a right, see docs/postgres.md")
    case "42P01", "42703", "42883", "23505", "23502", "23514", "22003":
      return StoreError(.damaged, "\(place): what is stored does not fit together (\(state) at \(action)); run guardtally verify")
    case _ where state.hasPrefix("XX"):
      return StoreError(.damaged, "\(place) is damaged: \(words); restore it from a backup")
    default:
      return StoreError(.failed, "\(place): \(words)")
    }
  }
}
