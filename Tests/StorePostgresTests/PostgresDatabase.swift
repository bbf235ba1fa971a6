import CLibPQ
import Foundation
import StorePostgres
import Testing
import Verdicts

/// A database of its own for one test, on the server that `script/with-postgres` has started. It is not dropped: that would wait
/// for a checkpoint each time, and the server's folder is deleted as a whole.
final class PostgresDatabase {
  private let server: String
  private let name = "test_" + UUID().uuidString.replacing("-", with: "").lowercased()
  private let schema: String

  /// The server's URL; nil outside `script/with-postgres`.
  static let server = ProcessInfo.processInfo.environment["GUARDTALLY_TEST_POSTGRES"]

  /// - Parameter options: of CREATE DATABASE.
  init(_ options: String = "", schema: String = PostgresAddress.schemaDefault) throws {
    server = try #require(Self.server)
    self.schema = schema
    _ = try Self.execute("CREATE DATABASE \(name) \(options)", at: server)
  }

  var url: String {
    let parts = server.split(separator: "/", omittingEmptySubsequences: false)
    return (parts.dropLast() + [Substring(name)]).joined(separator: "/")
  }

  var store: PostgresStore {
    get throws { try store(as: nil) }
  }

  /// - Parameter role: who connects; nil is the server's superuser.
  func store(as role: String?) throws -> PostgresStore {
    let url = role.map { self.url.replacing("//postgres@", with: "//\($0)@") } ?? self.url
    return PostgresStore(
      address: try PostgresAddress(url: url, schema: schema, lockTimeoutMilliseconds: 5_000), patienceMilliseconds: 5_000,
      now: { Timestamp(microseconds: 42) })
  }

  /// Changes the database behind the store's back.
  ///
  /// - Returns: the first column of the first row, or nothing.
  @discardableResult
  func execute(_ sql: String) throws -> String { try Self.execute(sql, at: url) }

  private static func execute(_ sql: String, at url: String) throws -> String {
    let handle = PQconnectdb(url)
    defer { PQfinish(handle) }
    try #require(PQstatus(handle) == CONNECTION_OK, "\(String(cString: PQerrorMessage(handle)))")
    let result = PQexec(handle, sql)
    defer { PQclear(result) }
    let isDone = [PGRES_COMMAND_OK, PGRES_TUPLES_OK].contains(PQresultStatus(result))
    try #require(isDone, "\(String(cString: PQerrorMessage(handle)))")
    return PQntuples(result) > 0 ? String(cString: PQgetvalue(result, 0, 0)) : ""
  }
}
