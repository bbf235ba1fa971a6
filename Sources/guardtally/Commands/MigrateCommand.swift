import ArgumentParser
import Files
import Reports
import Storage

struct MigrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring the database's schema up to this program's, or show what that would do.",
    usage: "guardtally migrate [<options>]",
    discussion: """
      Commands that write migrate an SQLite file by themselves. Without an option, pending migrations are applied under a lock; \
      a database that does not exist is created.

      Example:
        guardtally migrate --db example.db
        guardtally migrate --db example.db --status
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Flag(help: "List applied and pending migrations; change nothing.")
  var status = false

  @Flag(help: "Print the SQL of pending migrations; change nothing.")
  var showSql = false

  func run() throws {
    try Failure.reported {
      let store = try storeOptions.store()
      let output = try FileOutput(path: nil)
      if status || showSql {
        let plan = try store.migrationPlan()
        if status {
          for version in plan.applied { output.write("applied  \(version)\n") }
          for migration in plan.pending { output.write("pending  \(migration.version)  \(migration.name)\n") }
        }
        if showSql {
          for migration in plan.pending { output.write("-- \(migration.version) \(migration.name)\n\(migration.sql)\n") }
        }
        try output.finish()
        if let unknown = plan.unknown {
          throw StoreError(.ahead, "the database has schema \(unknown), newer than this program knows; use a newer guardtally")
        }
        return
      }
      let applied = try store.migrate()
      for migration in applied { output.write("applied  \(migration.version)  \(migration.name)\n") }
      if applied.isEmpty { output.write("nothing to do: the schema is up to date\n") }
      try output.finish()
    }
  }
}
