import Foundation
import Testing

/// What README and --help show is what happens.
@Suite struct DocumentTests {
  /// The examples under "Example:" in a command's help, pasted into an empty folder.
  @Test(arguments: ["ingest", "report", "metrics", "verify", "rebuild", "migrate", "generate", "aggregate", "formats", "formats list", "formats show", "formats parse"])
  func helpExamplesWork(command: String) throws {
    let shell = try Shell()
    let help = try shell.run("guardtally \(command) --help").output
    let lines = help.components(separatedBy: "\n").drop { $0.trimmingCharacters(in: .whitespaces) != "Example:" }.dropFirst()
    let example = lines.prefix { $0.hasPrefix("  ") }.map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(!example.isEmpty)
    let outcome = try shell.run("set -e -o pipefail\n" + example.joined(separator: "\n"))
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  /// Each `console` block of a document, in order, in one folder: the lines after `$`, and those that go on after `>`, are run;
  /// the others are what they print.
  @Test(arguments: ["README.md", "docs/guards.md"]) func examplesPrintWhatTheyShow(document: String) throws {
    let text = try String(contentsOf: Shell.repository.appending(path: document), encoding: .utf8)
    let blocks = text.components(separatedBy: "```console\n").dropFirst().map { $0.components(separatedBy: "\n```")[0] }
    #expect(blocks.count >= 6)
    let shell = try Shell()
    let scores = "perspective-wikipedia-2k-scores.csv.gz"
    try FileManager.default.copyItem(at: Shell.repository.appending(path: "Tests/Data/\(scores)"), to: shell.folder.appending(path: scores))
    for block in blocks {
      var script = ""
      var expected = ""
      for line in block.components(separatedBy: "\n") {
        if line.hasPrefix("$ ") || line.hasPrefix("> ") { script += line.dropFirst(2) + "\n" } else { expected += line + "\n" }
      }
      let outcome = try shell.run("exec 2>&1\n" + script)
      #expect(outcome.output.replacing("\r\n", with: "\n") == expected, "\(script)")
    }
  }

  /// Every reason code that a record can be refused for is explained in the docs.
  @Test func everyRejectionCodeIsListed() throws {
    let list = try String(contentsOf: Shell.repository.appending(path: "docs/records.md"), encoding: .utf8)
    let source = try String(contentsOf: Shell.repository.appending(path: "Sources/Verdicts/Rejection.swift"), encoding: .utf8)
    let codes = source.matches(of: /case (\w+)(?: = "(\w+)")?\n/).map { String($0.2 ?? $0.1) }
    #expect(codes.count >= 20)
    for code in codes { #expect(list.contains("| `\(code)` |"), "\(code)") }
  }
}
