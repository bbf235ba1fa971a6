import CLibPQ

#if canImport(Glibc)
import Glibc
#endif
import SQLFiles
package import Storage

/// Where a Postgres store is, and how its sessions are set up.
package struct PostgresAddress: Sendable {
  /// libpq's own: a URL, with the PG… variables and the password file for what it leaves out. May hold a password, so it is
  /// never shown.
  private let url: String
  package let schema: String
  /// How long a statement waits for another session's lock.
  private let lockTimeoutMilliseconds: Int32

  package static let schemaDefault = "guardtally"
  /// Postgres before this is not tested against.
  private static let serverVersionLeast: Int32 = 150_000
  private static let connectTimeoutSeconds = 10
  /// A writer that stands still in the middle of a transaction (a stopped process) is put off by the server after this, so that
  /// nobody waits for it for ever; it begins its batch anew when it wakes.
  private static let idleWriterSeconds = 60

  /// - Throws: ``StoreError`` for a name that Postgres does not take, or a URL that libpq cannot read.
  package init(url: String, schema: String, lockTimeoutMilliseconds: Int32) throws(StoreError) {
    let isName = (1...63).contains(schema.utf8.count) && !["$user", "information_schema"].contains(schema) && !schema.hasPrefix("pg_")
      && !schema.unicodeScalars.contains { $0.properties.generalCategory == .control }
    guard isName else { throw StoreError(.unreachable, "--schema takes a name of 1 to 63 bytes that Postgres does not keep for itself (pg_…, $user, information_schema)") }
    // What libpq would say repeats parts of the URL, which may be the password, or what it took for a host or port where a
    // character of the password was not encoded.
    guard Self.keepsItsParts(url), let options = PQconninfoParse(url, nil) else {
      throw StoreError(.unreachable, "--db is no URL that libpq can read; write postgres://USER@HOST:PORT/DATABASE, with what is special percent-encoded")
    }
    PQconninfoFree(options)
    self.url = url
    self.schema = schema
    self.lockTimeoutMilliseconds = lockTimeoutMilliseconds
  }

  /// Whether a URL has at most one `@`, and that one before any `/` or `?` of a path or query.
  private static func keepsItsParts(_ url: String) -> Bool {
    let rest = url.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false).last ?? ""
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    return authority.filter { $0 == "@" }.count <= 1 && !rest.dropFirst(authority.count).contains("@")
      && hasPort(authority.split(separator: "@", omittingEmptySubsequences: false).last ?? "")
  }

  /// Whether what follows the last colon of each host is a number, or nothing.
  private static func hasPort(_ hosts: Substring) -> Bool {
    hosts.split(separator: ",").allSatisfy { host in
      guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return true }
      return host[host.index(after: colon)...].allSatisfy { ("0"..."9").contains($0) }
    }
  }

  /// For what a session is.
  enum Role {
    case reading, writing
  }

  /// - Returns: a session that no setting of the server, database or role makes answer differently, and how to name its database.
  /// - Throws: ``StoreError``; ``PostgresFailure`` where the session broke after it was there.
  func connect(for role: Role) throws -> (PostgresConnection, place: String) {
    let keywords = ["fallback_application_name", "connect_timeout", "dbname", "client_encoding"]
    let values = ["guardtally", "\(Self.connectTimeoutSeconds)", url, "UTF8"]
    let handle = Self.withCStrings(keywords) { keywords in
      Self.withCStrings(values) { values in PQconnectdbParams(keywords, values, 1) }
    }
    guard let handle else { throw StoreError(.unreachable, "libpq has no memory for a connection") }
    let place = "Postgres database \(Self.text(PQdb(handle))) at \(Self.text(PQhost(handle))):\(Self.text(PQport(handle)))"
    guard PQstatus(handle) == CONNECTION_OK else {
      let words = PostgresConnection.firstLine(PQerrorMessage(handle))
      PQfinish(handle)
      throw StoreError(.unreachable, "cannot connect to \(place): \(words); check --db or GUARDTALLY_DB, and that the server runs")
    }
    let connection = PostgresConnection(handle, files: SQLFiles(dialect: .postgres))
    try refuseUnsuitable(handle, place: place)
    do {
      try connection.execute(settings(for: role), action: "setting up the session")
    } catch let failure as PostgresFailure where !failure.isConnectionLost {
      throw failure.storeError(at: place)
    }
    return (connection, place)
  }

  private func refuseUnsuitable(_ handle: OpaquePointer, place: String) throws(StoreError) {
    let version = PQserverVersion(handle)
    guard version >= Self.serverVersionLeast else {
      throw StoreError(.unsuitable, "\(place) runs Postgres \(version / 10_000); \(Self.serverVersionLeast / 10_000) or newer is needed")
    }
    let encoding = Self.text(PQparameterStatus(handle, "server_encoding"))
    guard encoding == "UTF8" else {
      throw StoreError(.unsuitable, "\(place) is encoded in \(encoding), which cannot hold every verdict; create one with ENCODING 'UTF8' TEMPLATE template0")
    }
  }

  private func settings(for role: Role) -> String {
    """
      SET search_path = \(PostgresConnection.identifier(schema)), pg_temp; SET client_encoding = 'UTF8'; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';
      SET standard_conforming_strings = on; SET synchronous_commit = on; SET default_transaction_isolation = 'read committed';
      SET default_transaction_read_only = off; SET statement_timeout = 0; SET idle_session_timeout = 0;
      SET idle_in_transaction_session_timeout = '\(role == .writing ? Self.idleWriterSeconds : 0)s';
      SET lock_timeout = \(max(1, lockTimeoutMilliseconds)); SET client_min_messages = error; SET jit = off;
      SET max_parallel_workers_per_gather = 0; SET cursor_tuple_fraction = 1; SET enable_seqscan = off;
      SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off
      """
  }

  private static func text(_ bytes: UnsafePointer<CChar>?) -> String { bytes.map { String(cString: $0) } ?? "" }

  private static func withCStrings<Result>(_ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
  }
}
