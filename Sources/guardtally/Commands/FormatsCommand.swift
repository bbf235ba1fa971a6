import ArgumentParser
import Files
import Guards
import Verdicts

struct FormatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "formats",
    abstract: "List the formats of guards' replies, show one, or read replies.",
    discussion: """
      A format is how a guard writes what it found. Records with output name theirs in format.

      Example:
        guardtally formats
        guardtally formats show llama-guard-3
        echo '"unsafe\\nS1,S10"' |
          guardtally formats parse llama-guard-3
      """,
    subcommands: [FormatsListCommand.self, FormatsShowCommand.self, FormatsParseCommand.self],
    defaultSubcommand: FormatsListCommand.self)
}

struct FormatsListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the formats: name, what a reply is, and what it needs in context.",
    discussion: """
      Example:
        guardtally formats list
      """)

  func run() throws {
    try Failure.reported {
      let output = try FileOutput(path: nil)
      let formats = GuardCatalog.standard.formats
      let width = formats.map(\.name.utf8.count).max() ?? 0
      for format in formats {
        let context = format.context.isEmpty ? "" : "  context: \(format.context.joined(separator: ", "))"
        let name = format.name + String(repeating: " ", count: width + 2 - format.name.utf8.count)
        output.write("\(name)\(format.writesText ? "text" : "json")\(context)\n")
      }
      try output.finish()
    }
  }
}

struct FormatsShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show one format: its grammar, labels, names and the risk types they stand for.",
    discussion: """
      Example:
        guardtally formats show perspective
      """)

  @Argument(help: ArgumentHelp("The format.", valueName: "name"), completion: .guardFormats)
  var name: String

  func run() throws {
    try Failure.reported {
      let format = try ReplyOptions.format(named: name)
      let output = try FileOutput(path: nil)
      output.write("\(format.name)\n\n")
      output.write("reply       \(format.grammar)\n")
      output.write("verdict     \(format.rule)\n")
      if !format.context.isEmpty { output.write("context     \(format.context.joined(separator: ", "))\n") }
      for (verdict, score) in GuardThresholds().texts(of: format) { output.write("threshold   \(verdict) from \(score) (--threshold \(format.name).\(verdict)=\(score))\n") }
      if let scale = format.scale { output.write("scale       \(scale)\n") }
      for label in format.labels { output.write("label       \(label.text): \(label.verdict.name)\n") }
      if let end = format.endOfLife { output.write("ends        \(end), as reported\n") }
      output.write("source      \(format.source)\n")
      if !format.categories.isEmpty { output.write("\nname, and the risk types it stands for\n") }
      let width = format.categories.map(\.native.utf8.count).max() ?? 0
      for category in format.categories {
        let types = category.types.isEmpty ? "-" : category.types.map(\.name).joined(separator: ", ")
        let padding = String(repeating: " ", count: width + 2 - category.native.utf8.count)
        let notes = [category.title, category.fit].compactMap { $0 }.joined(separator: "; ")
        output.write("  \(category.native)\(padding)\(types)\(notes.isEmpty ? "" : "  (\(notes))")\n")
      }
      try output.finish()
    }
  }
}
