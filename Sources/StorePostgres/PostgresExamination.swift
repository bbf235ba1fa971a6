import CLibPQ
package import Storage
import Verdicts

/// A look at a server, and at what its settings promise.
extension PostgresStore {
  /// Clocks may be apart by this.
  private static let skewMicrosecondsMax: Int64 = 2_000_000
  private static let syncs = 16

  /// The library's version, as in 15.8.
  package static var libraryVersion: String { "\(PQlibVersion() / 10_000).\(PQlibVersion() % 10_000)" }

  package func findings() -> [StoreFinding] {
    var findings = [StoreFinding(.ok, "library", "libpq \(Self.libraryVersion)")]
    do {
      let (connection, place) = try address.connect(for: .writing)
      defer { connection.close() }
      try PostgresFailure.translated(at: place) { try examine(connection, place: place, &findings) }
    } catch {
      findings.append(.failure("server", error))
      return findings
    }
    return findings + [schemaFinding]
  }

  private func examine(_ connection: PostgresConnection, place: String, _ findings: inout [StoreFinding]) throws {
    let before = now().microseconds
    let found = try connection.run("server.examine", .text(address.schema))
    let after = now().microseconds
    findings.append(StoreFinding(.ok, "server", "Postgres \(found.text(0, 0)) at \(place)"))
    if found.integer(0, 1) == 1 {
      findings.append(StoreFinding(.failure, "writing", "the server is read-only", advice: "name the primary server with --db"))
    } else {
      findings.append(rights(canStore: found.integer(0, 7) == 1, canRemove: found.integer(0, 8) == 1, isThere: found.integer(0, 9) == 1))
    }
    let encoding = found.text(0, 2)
    findings.append(
      encoding == "UTF8"
        ? StoreFinding(.ok, "locale", "UTF8, collation \(found.text(0, 3)); answers do not depend on it, for text is compared bytewise")
        : StoreFinding(.failure, "locale", "the database's encoding is \(encoding)", advice: "make a database with ENCODING 'UTF8'"))
    // What lies outside the time of the question is a difference of clocks.
    let clock = found.integer(0, 4)
    let skew = clock < before ? clock - before : max(0, clock - after)
    let text = "the server's clock is \(skew.magnitude / 1_000) ms \(skew < 0 ? "behind" : "ahead of") this machine's"
    findings.append(
      skew.magnitude > UInt64(Self.skewMicrosecondsMax)
        ? StoreFinding(.warning, "clock", text, advice: "set both by NTP: windows end with the clock of the machine that computes them") : StoreFinding(.ok, "clock", text))
    for (setting, isOn) in [("fsync", found.integer(0, 5) == 1), ("full_page_writes", found.integer(0, 6) == 1)] where !isOn {
      findings.append(
        StoreFinding(.warning, "durability", "\(setting) is off: a power failure may take what was acknowledged, or damage it", advice: "set \(setting) = on"))
    }
    var times: [Int64] = []
    for _ in 0..<Self.syncs {
      let begin = ContinuousClock.now
      try connection.runTogether([.init("transactions.begin"), .init("transactions.mark"), .init("transactions.commit")])
      let taken = (ContinuousClock.now - begin).components
      times.append(taken.seconds * 1_000_000 + taken.attoseconds / 1_000_000_000_000)
    }
    findings.append(.syncing(times))
  }

  private func rights(canStore: Bool, canRemove: Bool, isThere: Bool) -> StoreFinding {
    if canStore {
      return StoreFinding(.ok, "writing", "the role may store verdicts" + (canRemove ? ", fold, rebuild and discard" : "; folding, rebuild and discard need DELETE, see docs/postgres.md"))
    }
    guard isThere else {
      return StoreFinding(.warning, "writing", "there is no store in schema \(address.schema), or the role may not see it", advice: "the first guardtally ingest makes it; docs/postgres.md lists the rights")
    }
    return StoreFinding(.warning, "writing", "the role may read schema \(address.schema), and store nothing in it", advice: "docs/postgres.md lists the rights that storing needs")
  }
}
