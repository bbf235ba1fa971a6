import Foundation
import RecordOracle
import Testing

/// The record reader against Foundation's parser, on the saved corpus and on seeded mutations of it.
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
    for line in Self.corpus { expectAgreement(line) }
  }

  @Test(arguments: 1...8) func agreesWithFoundationOnMutations(seed: UInt64) {
    var random = Mutator(seed: seed)
    for _ in 0..<1_500 {
      var line = Self.corpus[Int(random.below(UInt64(Self.corpus.count)))]
      for _ in 0...random.below(3) { random.mutate(&line) }
      expectAgreement(line)
    }
  }

  private func expectAgreement(_ line: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    let disagreement = JSONOracle.disagreement(on: line)
    #expect(disagreement == nil, sourceLocation: sourceLocation)
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
