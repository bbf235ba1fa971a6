import Foundation
import Guards
import JSONReading
import Testing
import Verdicts

/// A reply with what it must be read as; named in a test's output by its format and note.
struct Vector: Sendable, CustomTestStringConvertible {
  var file: String
  var line: Int
  var format: String
  /// The reply as JSON.
  var input: [UInt8]
  var context: [UInt8]?
  var note: String
  var verdict: String
  var riskTypes: [String]
  /// Nil where the vector does not say.
  var native: [String]?
  var errorCause: String?
  var refusal: Bool?

  var testDescription: String { "\(file):\(line) \(format): \(note.isEmpty ? "(no note)" : note)" }

  static let given = load("guard-vectors.jsonl")
  static let own = load("guard-vectors-own.jsonl")

  private static func load(_ file: String) -> [Vector] {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Data/\(file)").standardizedFileURL
    guard let text = try? String(contentsOf: path, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").enumerated().compactMap { index, line in
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let format = object["format"] as? String, let expect = object["expect"] as? [String: Any],
        let start = line.range(of: "\"input\": ")?.upperBound, let expectStart = line.range(of: ", \"expect\": ", options: .backwards)?.lowerBound
      else { return nil }
      // As it is written: the order of members counts.
      let end = line.range(of: ", \"context\": ", options: .backwards)?.lowerBound ?? expectStart
      return Vector(
        file: file, line: index + 1, format: format, input: Array(line[start..<end].utf8),
        context: object["context"].flatMap { try? JSONSerialization.data(withJSONObject: $0) }.map { Array($0) },
        note: object["note"] as? String ?? "", verdict: expect["verdict"] as? String ?? "", riskTypes: expect["risk_types"] as? [String] ?? [],
        native: expect["native"] as? [String], errorCause: expect["error_cause"] as? String, refusal: expect["refusal"] as? Bool)
    }
  }

  /// What the reader makes of a reply in the vector's format and context.
  func read(_ input: [UInt8], thresholds: GuardThresholds = GuardThresholds()) throws -> GuardReply {
    let format = try #require(GuardCatalog.standard.format(named: format))
    let document = JSONDocument(nestingMax: 64)
    let context = try context.map { try $0.withUnsafeBufferPointer { try GuardContext(document.read($0)) } } ?? GuardContext.none
    let reader = ReplyReader(thresholds: thresholds, nestingMax: 64)
    return input.withUnsafeBufferPointer { reader.read(.json($0), format: format.index, context: context) }
  }
}

extension GuardReply {
  /// Canonical types in order of first mention.
  func riskTypeNames(in format: GuardFormat) -> [String] { orderedRiskTypes(in: format).map(\.name) }
}
