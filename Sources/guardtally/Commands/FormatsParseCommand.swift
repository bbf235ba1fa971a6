import ArgumentParser
import Files
import Guards
import Records
import Verdicts

struct FormatsParseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parse",
    abstract: "Read replies from standard input, and print what each says.",
    usage: "guardtally formats parse <name> [<options>]",
    discussion: """
      Reads NDJSON: each line is a reply (a JSON string or object), or {"output":…,"context":{…}}. Prints a line for each; a line \
      that is no JSON, or lacks context that the format needs, is named on standard error, and the exit code is 65. \
      Stores nothing.

      Example:
        echo '"Safety: Unsafe\\nCategories: Violent"' |
          guardtally formats parse qwen3guard-gen
      """)

  @Argument(help: ArgumentHelp("The format of the replies.", valueName: "name"), completion: .guardFormats)
  var name: String

  @OptionGroup var replyOptions: ReplyOptions

  func run() throws {
    try Failure.reported {
      var settings = RecordSettings()
      let format = try ReplyOptions.format(named: name)
      try replyOptions.apply(to: &settings)
      let output = try FileOutput(path: nil)
      var reader = ReplyLineReader(format: format, settings: settings)
      let source = GzipBytes(FileBytes.standardInput(position: BytePosition(), isInterrupted: { false }), name: "stdin")
      var lines = LineReader(source, lineBytesMax: settings.lineBytesMax, now: SystemClock.now)
      var refused = 0
      func refuse(_ code: RejectionCode) {
        refused += 1
        let names = code == .unknownFormat ? reader.nearestNames : []
        StandardError.line("stdin:\(lines.line): \(code.rawValue): \(Rejection.message(of: code, nearestNames: names))")
      }
      var isFlushed = false
      reading: while true {
        // What has been read is printed before waiting for more.
        switch lines.next(until: isFlushed ? nil : SystemClock.now()) {
        case .idle:
          try output.flush()
          isFlushed = true
          continue
        case .line(let line):
          if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
          do throws(RejectionCode) {
            output.write(Self.text(of: try reader.read(line)) + "\n")
          } catch {
            refuse(error)
          }
        case .tooLong: refuse(.lineTooLong)
        case .end: break reading
        case .broken(let error, let cutLine):
          if cutLine != nil { refuse(.cutLine) }
          try output.finish()
          throw error
        }
        isFlushed = false
      }
      try output.finish()
      if refused > 0 { throw Failure.someRejected }
    }
  }

  /// A reply as the contract prints it.
  private static func text(of reply: GuardReply) -> String {
    let format = GuardCatalog.standard.formats[reply.names.format]
    func list(_ texts: [String]) -> String { "[\(texts.map(JSONText.string).joined(separator: ","))]" }
    let types = list(reply.orderedRiskTypes(in: format).map(\.name))
    let native = reply.verdict == .error ? "[]" : list(reply.names.mentions(in: format).map(\.name))
    let cause = reply.errorCause == .absent ? "null" : JSONText.string(reply.errorCause.name)
    return "{\"verdict\":\"\(reply.verdict.name)\",\"risk_types\":\(types),\"native\":\(native),\"error_cause\":\(cause)}"
  }
}
