import ArgumentParser
import Guards
import Records
import Verdicts

/// How lines with replies of guards are read, beside their format.
struct ReplyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What only the caller knows, where a record's own context does not say it: a JSON object with \(GuardContext.members.joined(separator: ", ")).",
      valueName: "object"))
  var context: String?

  @Option(
    help: ArgumentHelp(
      "The score from which on a service that scores is unsafe or controversial, as in perspective.unsafe=0.5. May stand several times.",
      valueName: "format.verdict=score"))
  var threshold: [String] = []

  @Option(help: ArgumentHelp("Bytes of a line at the most.", valueName: "bytes"))
  var lineBytesMax: Int = RecordSettings.lineBytesMaxDefault

  @Option(help: ArgumentHelp("Arrays and objects inside one another at the most.", valueName: "levels"))
  var nestingMax: Int = RecordSettings.nestingMaxDefault

  /// Fills in what the options say.
  func apply(to settings: inout RecordSettings) throws {
    guard (64...(64 << 20)).contains(lineBytesMax) else { throw Failure.usage("--line-bytes-max takes 64 to 67108864") }
    guard (1...1_000).contains(nestingMax) else { throw Failure.usage("--nesting-max takes 1 to 1000") }
    settings.lineBytesMax = lineBytesMax
    settings.nestingMax = nestingMax
    do throws(GuardThresholds.Fault) {
      for setting in threshold { try settings.thresholds.set(setting) }
      try settings.thresholds.check()
    } catch {
      throw Failure.usage(error.description)
    }
    guard let context else { return }
    do throws(RejectionCode) {
      settings.context = try GuardContext(json: Array(context.utf8))
    } catch {
      if error == .unknownFormat { throw Failure.usage("--context: guard names no format, or an envelope; guardtally formats lists them") }
      throw Failure.usage(#"--context takes a JSON object, with \#(GuardContext.members.joined(separator: ", ")), as in '{"guard":"qwen3guard-gen"}': \#(error.message)"#)
    }
  }

  /// The format of a name on the command line.
  static func format(named name: String) throws -> GuardFormat {
    let catalog = GuardCatalog.standard
    if let format = catalog.format(named: name) { return format }
    let nearest = catalog.nearestNames(to: name.utf8)
    let hint = nearest.isEmpty ? "guardtally formats lists them" : "nearest: \(nearest.joined(separator: ", "))"
    throw Failure.usage("there is no format \(name); \(hint)")
  }
}
