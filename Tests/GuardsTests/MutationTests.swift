import Foundation
import GuardOracle
import Guards
import Testing
import Verdicts

/// Every reply of the vectors with something done to it: it must be read as the same verdict, or as an error. One that is read as
/// another verdict would be a number that is quietly wrong.
@Suite struct MutationTests {
  @Test(arguments: (Vector.given + Vector.own).filter { $0.verdict != "error" }) func isTheSameVerdictOrAnError(_ vector: Vector) throws {
    for (mutation, input) in Self.mutations(of: vector.input) where !Self.isOfTheGrammar(mutation, vector) {
      let reply = try vector.read(input)
      if reply.verdict == .error || reply.verdict.name == vector.verdict { continue }
      Issue.record("\(mutation): \(vector.verdict) became \(reply.verdict.name): \(String(decoding: input, as: UTF8.self))")
    }
  }

  /// The same mutations, and seeded random ones, against what is said of a safe reply a second time.
  @Test(arguments: Vector.given + Vector.own) func isSafeOnlyWhereItSaysSo(_ vector: Vector) throws {
    let format = try #require(GuardCatalog.standard.format(named: vector.format))
    let oracle = GuardOracle()
    var random = SeededGenerator(seed: UInt64(vector.line))
    for input in Self.mutations(of: vector.input).map(\.1) + (0..<50).map({ _ in random.mutated(vector.input) }) {
      for isPrompt in [false, true] {
        if let disagreement = oracle.disagreement(on: input, isJSON: true, format: format, isPrompt: isPrompt) { Issue.record("\(disagreement)") }
      }
    }
  }

  /// SplitMix64 (Steele, Lea and Flood, 2014).
  private struct SeededGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
      return word ^ word >> 31
    }

    /// Some pieces moved, removed or doubled.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      for _ in 0...next() % 4 where !bytes.isEmpty {
        let start = Int(next() % UInt64(bytes.count))
        let end = min(bytes.count, start + 1 + Int(next() % 12))
        let piece = bytes[start..<end]
        if next() % 2 == 0 { bytes.removeSubrange(start..<end) }
        if next() % 2 == 0 { bytes.insert(contentsOf: piece, at: Int(next() % UInt64(bytes.count + 1))) }
      }
      return bytes
    }
  }

  /// Whether a mutation gives another reply that the guard could have written, so that nothing could tell.
  private static func isOfTheGrammar(_ mutation: String, _ vector: Vector) -> Bool {
    switch vector.format {
    // `safe` with `un` before it; `harmful` is `unharmful` without it.
    case "llama-guard-1", "llama-guard-2", "llama-guard-3", "llama-guard-4": mutation == "un before"
    // A reply that ends before what is said of a response is one that judges a prompt.
    case "nemotron-content-safety", "nemotron-content-safety-reasoning": mutation.hasPrefix("the first")
    // So is one that ends before a second score.
    case "granite-guardian-3.3": mutation.hasPrefix("the first")
    // A digit more or less is another score.
    case "perspective": mutation.hasPrefix("without byte")
    default: false
    }
  }

  /// What may befall a reply on its way: each byte lost, doubled or changed; either end cut off; prose around it.
  private static func mutations(of input: [UInt8]) -> [(String, [UInt8])] {
    // The text of a string, so that the quotes stay.
    let isText = input.first == UInt8(ascii: "\"")
    let body = isText ? Array((try? JSONDecoder().decode(String.self, from: Data(input)))?.utf8 ?? "".utf8) : input
    func whole(_ body: [UInt8]) -> [UInt8] {
      isText ? (try? JSONEncoder().encode(String(decoding: body, as: UTF8.self))).map { Array($0) } ?? [] : body
    }
    var mutations: [(String, [UInt8])] = []
    for place in body.indices {
      var changed = body
      changed.remove(at: place)
      mutations.append(("without byte \(place)", whole(changed)))
      changed = body
      changed.insert(body[place], at: place)
      mutations.append(("byte \(place) twice", whole(changed)))
      changed = body
      changed[place] = UInt8(ascii: "x")
      mutations.append(("x for byte \(place)", whole(changed)))
      changed = body
      changed[place] ^= 0x20
      mutations.append(("byte \(place) in the other case", whole(changed)))
      mutations.append(("the first \(place)", whole(Array(body[..<place]))))
    }
    if isText {
      for prose in ["I think: ", "It is not ", "un", "not "] { mutations.append(("\(prose) before", whole(Array(prose.utf8) + body))) }
      mutations.append(("prose behind", whole(body + Array("\nBut I may be wrong.".utf8))))
      mutations.append(("twice", whole(body + [0x0A] + body)))
    }
    return mutations
  }
}
