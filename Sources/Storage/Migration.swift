/// One numbered step of the schema.
package struct Migration: Hashable, Sendable {
  package var version: Int
  package var name: String
  package var sql: String

  /// A file of `migrations/`.
  package init(_ file: (version: Int, name: String, text: String)) {
    self.init(version: file.version, name: file.name, sql: file.text)
  }

  package init(version: Int, name: String, sql: String) {
    self.version = version
    self.name = name
    self.sql = sql
  }
}

extension Migration {
  /// Versions after which tallies are counted anew from the verdicts, for their encoding is another one: 2 added error causes.
  package static let recounting: Set<Int> = [2]
}

/// What a store has of this program's migrations.
package struct MigrationPlan: Sendable, Equatable {
  package var applied: [Int]
  package var pending: [Migration]
  /// The newest version that the store has and this program does not know.
  package var unknown: Int?

  /// - Throws: ``StoreError`` `damaged` where the store lacks a step before its newest one.
  package init(known: [Migration], applied: [Int]) throws {
    let knownVersions = Set(known.map(\.version))
    let newest = applied.max() ?? 0
    unknown = applied.filter { !knownVersions.contains($0) }.max()
    pending = known.filter { !applied.contains($0.version) }.sorted { $0.version < $1.version }
    self.applied = applied.sorted()
    if let gap = pending.first(where: { $0.version < newest }) {
      throw StoreError(.damaged, "the schema lacks migration \(gap.version) although it has \(newest); restore the database from a backup")
    }
  }
}
