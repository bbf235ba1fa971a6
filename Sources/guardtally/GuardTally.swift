import ArgumentParser
import Reports

@main
struct GuardTally: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "guardtally",
    abstract: "Exact tallies of guard-model verdicts: stored once, reported, and provable.",
    discussion: """
      \(mostUsed)

      The database is --db URL, else GUARDTALLY_DB, else sqlite:guardtally.db in the current folder.
      Exit codes: 0 done, 1 failed, 64 wrong usage, 65 some input rejected or in conflict, 69 database out of reach, \
      130 interrupted.
      """,
    version: ProgramVersion.details,
    subcommands: [
      IngestCommand.self, ServeCommand.self, AggregateCommand.self, ReportCommand.self, MetricsCommand.self, VerifyCommand.self, RebuildCommand.self, DiscardCommand.self,
      DoctorCommand.self, FormatsCommand.self, MigrateCommand.self, GenerateCommand.self,
    ])

  private static let mostUsed = """
    The three commands most used:
      guardtally ingest FILE               store verdicts
      guardtally report safe-ratio         read the numbers
      guardtally verify                    prove them
    """

  /// Alone, a help that is read at a glance.
  func run() {
    print(
      """
      \(Self.configuration.abstract)

      \(Self.mostUsed)

      All commands: guardtally --help
      One of them:  guardtally help COMMAND
      """)
  }

  static func main() {
    Interrupts.exitOnSignal()
    if let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-") {
      let names = configuration.subcommands.compactMap { $0.configuration.commandName }
      guard names.contains(word) || word == "help" else {
        StandardError.line("guardtally: \(QueryError.unknown("command", word, among: names, "commands"))")
        exit(withError: ExitCode(64))
      }
    }
    main(nil)
  }
}
