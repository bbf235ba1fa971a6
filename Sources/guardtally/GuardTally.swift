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
    refuseUnknownCommands()
    main(nil)
  }

  /// Names the nearest command, which the parser does not.
  private static func refuseUnknownCommands() {
    var words = CommandLine.arguments.dropFirst()[...]
    if words.first == "help" { words.removeFirst() }
    var command: any ParsableCommand.Type = GuardTally.self
    while let word = words.popFirst(), !word.hasPrefix("-") {
      let subcommands = command.configuration.subcommands
      if subcommands.isEmpty || word == "help" { return }
      guard let next = subcommands.first(where: { $0.configuration.commandName == word }) else {
        StandardError.line("guardtally: \(QueryError.unknown("command", word, among: subcommands.compactMap { $0.configuration.commandName }, "commands"))")
        exit(withError: ExitCode(64))
      }
      command = next
    }
  }
}
