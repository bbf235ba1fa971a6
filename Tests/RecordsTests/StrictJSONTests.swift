import Foundation
import Records
import Testing
import Verdicts

/// The scanner against Foundation's parser, on the saved corpus and on seeded mutations of it.
///
/// They may differ in this alone: Foundation takes the last of two equal keys, a byte order mark, UTF-16 and UTF-32, and a
/// comma before a closing mark, which RFC 8259 does not; and the project's bounds (nesting) are its own.
@Suite struct StrictJSONTests {
  static let corpus: [[UInt8]] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../FuzzCorpus").standardizedFileURL
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.sorted { $0.path() < $1.path() }.compactMap { try? Array(Data(contentsOf: $0)) }
  }()

  @Test func theCorpusIsThere() {
    #expect(Self.corpus.count >= 40)
  }

  @Test func agreesWithFoundationOnTheCorpus() {
    for line in Self.corpus { JSONOracle.compare(line) }
  }

  @Test(arguments: 1...8) func agreesWithFoundationOnMutations(seed: UInt64) {
    var random = Mutator(seed: seed)
    for _ in 0..<1_500 {
      var line = Self.corpus[Int(random.below(UInt64(Self.corpus.count)))]
      for _ in 0...random.below(3) { random.mutate(&line) }
      JSONOracle.compare(line)
    }
  }
}

/// What Foundation makes of a line, held against what the reader made of it.
enum JSONOracle {
  static let syntaxCodes: Set<RejectionCode> = [.badUTF8, .badJSON, .badEscape, .trailingText]

  static func compare(_ line: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    guard !line.contains(0x0A), let verdict = verdict(line) else { return }
    let batch = read(bytes: [line])
    let code = batch.rejections.first?.code
    // A duplicate field or nesting over the bound is for the reader alone to see.
    if code == .duplicateField || code == .tooDeep { return }
    let isJSON = code.map { !syntaxCodes.contains($0) } ?? true
    #expect(isJSON == verdict, "\(String(decoding: line, as: UTF8.self)) \(code.map(\.rawValue) ?? "accepted")", sourceLocation: sourceLocation)
  }

  /// Whether Foundation reads it as JSON; nil where the two may differ.
  private static func verdict(_ line: [UInt8]) -> Bool? {
    // UTF-16 and UTF-32 are told by a byte order mark or by zero bytes.
    if line.contains(0) || line.starts(with: [0xEF, 0xBB, 0xBF]) || line.starts(with: [0xFF]) || line.starts(with: [0xFE]) { return nil }
    let text = line.filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }
    if zip(text, text.dropFirst()).contains(where: { $0 == 0x2C && ($1 == 0x7D || $1 == 0x5D) }) { return nil }
    // Foundation bounds nesting at 512 and numbers at what a double holds.
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

struct Mutator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func below(_ bound: UInt64) -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state % bound
  }

  private static let pieces = ["\"", "\\", "{", "}", "[", "]", ":", ",", "null", "-", "0", "1e5", ".", "\\u00e9", "\\ud83d", "é", "😀", " ", "\t", "true", "\u{7F}"]

  mutating func mutate(_ line: inout [UInt8]) {
    let place = Int(below(UInt64(line.count + 1)))
    switch below(5) {
    case 0 where place < line.count: line[place] = UInt8(truncatingIfNeeded: below(256))
    case 1 where place < line.count: line.remove(at: place)
    case 2: line.insert(contentsOf: Array(Self.pieces[Int(below(UInt64(Self.pieces.count)))].utf8), at: place)
    case 3: line.removeSubrange(place...)
    default:
      let end = min(line.count, place + Int(below(12)))
      line.insert(contentsOf: Array(line[min(place, end)..<end]), at: Int(below(UInt64(line.count + 1))))
    }
  }
}
