import Foundation
import Testing

/// What README and --help show is what happens.
@Suite struct DocumentTests {
  /// The examples under "Example:" in a command's help, pasted into an empty folder.
  @Test(arguments: ["ingest", "report", "metrics", "verify", "rebuild", "discard", "doctor", "migrate", "generate", "aggregate", "serve", "formats", "formats list", "formats show", "formats parse"])
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
  @Test(arguments: ["README.md", "docs/guards.md", "docs/serve.md", "docs/reports.md"]) func examplesPrintWhatTheyShow(document: String) throws {
    let text = try String(contentsOf: Shell.repository.appending(path: document), encoding: .utf8)
    let blocks = text.components(separatedBy: "```console\n").dropFirst().map { $0.components(separatedBy: "\n```")[0] }
    #expect(blocks.count >= 4)
    let shell = try Shell()
    let scores = "perspective-wikipedia-2k-scores.csv.gz"
    try FileManager.default.copyItem(at: Shell.repository.appending(path: "Tests/Data/\(scores)"), to: shell.folder.appending(path: scores))
    // In one shell, so that what a block starts another may end; a mark stands between their outputs.
    let mark = "\u{1e}"
    var scripts: [String] = []
    var expected: [String] = []
    for block in blocks {
      let lines = block.components(separatedBy: "\n")
      scripts.append(lines.filter { $0.hasPrefix("$ ") || $0.hasPrefix("> ") }.map { $0.dropFirst(2) + "\n" }.joined())
      expected.append(lines.filter { !$0.hasPrefix("$ ") && !$0.hasPrefix("> ") }.map { $0 + "\n" }.joined())
    }
    let outcome = try shell.run("exec 2>&1\n" + scripts.joined(separator: "printf '\\036'\n"))
    let outputs = outcome.output.replacing("\r\n", with: "\n").components(separatedBy: mark)
    #expect(outputs.count == blocks.count)
    for ((script, output), expected) in zip(zip(scripts, outputs), expected) { #expect(output == expected, "\(script)") }
  }

  /// The pictures in the docs are what the commands beside them draw.
  @Test(arguments: ["safe-ratio", "categories"]) func picturesAreTheProgramsOwn(name: String) throws {
    let text = try String(contentsOf: Shell.repository.appending(path: "docs/reports.md"), encoding: .utf8)
    let commands = text.components(separatedBy: "\n").filter { $0.hasPrefix("$ ") && ($0.contains("generate") || $0.hasSuffix(" \(name).svg")) }
    let shell = try Shell()
    _ = try shell.run(commands.map { $0.dropFirst(2) }.joined(separator: "\n"))
    let drawn = try String(contentsOf: shell.folder.appending(path: "\(name).svg"), encoding: .utf8)
    #expect(drawn == (try String(contentsOf: Shell.repository.appending(path: "docs/images/\(name).svg"), encoding: .utf8)))
  }

  /// Every code of an error is explained in the docs, whichever list it belongs to.
  @Test func everyErrorCodeIsListed() throws {
    let list = try String(contentsOf: Shell.repository.appending(path: "docs/errors.md"), encoding: .utf8)
    func source(_ path: String) throws -> String { try String(contentsOf: Shell.repository.appending(path: path), encoding: .utf8) }
    let store = try source("Sources/Storage/StoreError.swift").matches(of: /case (\w+)(?: = "(\w+)")?\n/).map { String($0.2 ?? $0.1) }
    let inputs = try #require(try source("Sources/Records/ByteSource.swift").firstMatch(of: /enum Code: String, Sendable \{\n *case ([\w, ]+)\n/)).1
      .split(separator: ", ").map(String.init)
    var http: Set<String> = []
    let serving = Shell.repository.appending(path: "Sources/Serving")
    for file in try FileManager.default.contentsOfDirectory(atPath: serving.path()) where file.hasSuffix(".swift") {
      for match in try source("Sources/Serving/\(file)").matches(of: /RequestFault\(\s*\.\w+, "(\w+)"/) { http.insert(String(match.1)) }
    }
    #expect(store.count >= 12 && inputs.count == 4 && http.count >= 20)
    for code in store + inputs { #expect(list.contains("| `\(code)` |"), "\(code)") }
    for code in http { #expect(list.contains("`\(code)`"), "\(code)") }
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
