import ArgumentParser
import Guards
import JSONReading
import Records
import Verdicts

/// How replies of guards are read, beside their format.
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

  /// Fills in what the options say.
  func apply(to settings: inout RecordSettings) throws {
    do throws(GuardThresholds.Fault) {
      for setting in threshold { try settings.thresholds.set(setting) }
      try settings.thresholds.check()
    } catch {
      throw Failure.usage(error.description)
    }
    guard let context else { return }
    let document = JSONDocument(nestingMax: settings.nestingMax)
    let bytes = Array(context.utf8)
    do throws(RejectionCode) {
      settings.context = try bytes.withUnsafeBufferPointer { text throws(RejectionCode) in try GuardContext(try document.read(text)) }
    } catch {
      throw Failure.usage(#"--context takes a JSON object, as in '{"guard":"qwen3guard-gen"}': \#(error.message)"#)
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
