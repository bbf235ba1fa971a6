import Foundation
import Records
package import Verdicts

/// What Foundation makes of a line, held against what the record reader made of it.
///
/// The two may differ in this alone: Foundation takes the last of two equal keys, a byte order mark, UTF-16 and UTF-32, and a
/// comma before a closing mark (which RFC 8259 does not), and refuses numbers that no double holds; the project's bounds
/// (nesting, the line) are its own.
package enum JSONOracle {
  private static let syntaxCodes: Set<RejectionCode> = [.badUTF8, .badJSON, .badEscape, .trailingText]

  /// Nil where the reader and Foundation agree on whether the line is JSON.
  package static func disagreement(on line: [UInt8]) -> String? {
    guard !line.contains(0x0A) else { return nil }
    let code = rejection(of: line)
    guard let isFoundationJSON = isFoundationJSON(line) else { return nil }
    if code == .duplicateField || code == .tooDeep { return nil }
    let isJSON = code.map { !syntaxCodes.contains($0) } ?? true
    guard isJSON != isFoundationJSON else { return nil }
    return "\(String(decoding: line, as: UTF8.self)): \(code?.rawValue ?? "accepted"), Foundation says \(isFoundationJSON)"
  }

  /// What the reader says of the line.
  package static func rejection(of line: [UInt8]) -> RejectionCode? {
    var reader = RecordReader(input: "oracle", settings: RecordSettings())
    reader.beginBatch(now: Timestamp(microseconds: 1_800_000_000_000_000))
    line.withUnsafeBufferPointer { reader.read($0, at: LinePosition(line: 1, offset: 0, length: UInt32(line.count))) }
    return reader.finishBatch().rejections.first?.code
  }

  /// Nil where the two may differ.
  private static func isFoundationJSON(_ line: [UInt8]) -> Bool? {
    // UTF-16 and UTF-32 are told by a byte order mark or by zero bytes.
    if line.contains(0) || line.starts(with: [0xEF, 0xBB, 0xBF]) || line.starts(with: [0xFF]) || line.starts(with: [0xFE]) { return nil }
    let text = line.filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }
    if zip(text, text.dropFirst()).contains(where: { $0 == 0x2C && ($1 == 0x7D || $1 == 0x5D) }) { return nil }
    // Foundation bounds nesting at 512.
    if line.count(where: { $0 == 0x5B || $0 == 0x7B }) > 60 { return nil }
    do {
      _ = try JSONSerialization.jsonObject(with: Data(line), options: [.fragmentsAllowed])
      return true
    } catch let error as NSError {
      let words = "\(error.userInfo)"
      return words.contains("not representable") || words.contains("Number") ? nil : false
    }
  }
}
