import SQLFiles
import StorePostgres
import StoreSQLite

/// The program's name and version.
enum ProgramVersion {
  static let text = "guardtally 0.2.0"

  /// What `--version` prints: with the schema and the libraries that it runs on.
  static var details: String {
    let schema = SQLFiles(dialect: .sqlite).migrations.map(\.version).max() ?? 0
    return "\(text), schema \(schema), SQLite \(SQLiteStore.libraryVersion), libpq \(PostgresStore.libraryVersion)"
  }
}
