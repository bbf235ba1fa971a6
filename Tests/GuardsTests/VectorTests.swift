import Guards
import JSONReading
import Testing
import Verdicts

@Suite struct VectorTests {
  @Test func theVectorsAreThere() {
    #expect(Vector.given.count == 120)
    #expect(Set(Vector.given.map(\.format)).count == 25)
    let own = Dictionary(grouping: Vector.own, by: \.format)
    for format in ["qwen3guard-gen", "llama-guard-3", "openai-moderation", "shieldgemma", "openai-chat"] {
      let vectors = own[format] ?? []
      #expect(vectors.count >= 10, "\(format)")
      #expect(vectors.filter { $0.verdict == "error" }.count * 2 >= vectors.count, "\(format)")
    }
  }

  @Test(arguments: Vector.given + Vector.own) func isReadAsItMust(_ vector: Vector) throws {
    let reply = try vector.read(vector.input)
    let format = try #require(GuardCatalog.standard.format(named: vector.format))
    let named = GuardCatalog.standard.formats[reply.names.isEmpty ? format.index : reply.names.format]
    #expect(reply.verdict.name == vector.verdict)
    #expect(reply.riskTypeNames(in: named) == vector.riskTypes)
    if let native = vector.native { #expect(reply.names.mentions(in: named).map(\.name) == native) }
    if let cause = vector.errorCause { #expect(reply.errorCause.name == cause) }
    #expect((reply.errorCause == .absent) == (reply.verdict != .error))
    if let refusal = vector.refusal { #expect(reply.refusal == Refusal(refusal)) }
  }

  /// What an envelope holds besides its content.
  @Test func takesModelAndLatencyFromEnvelopes() throws {
    let vector = Vector(
      file: "", line: 0, format: "openai-chat", input: [], context: Array(#"{"guard":"llama-guard-3"}"#.utf8), note: "", verdict: "safe",
      riskTypes: [])
    func read(_ more: String) throws -> GuardReply {
      try vector.read(Array(#"{"model":"meta/guard","choices":[{"message":{"content":"safe"}}]\#(more)}"#.utf8))
    }
    #expect(try read("").model == Array("meta/guard".utf8))
    #expect(try read("").latency == nil)
    #expect(try read(#","usage":{"total_time":0.25}"#).latency == 250_000)
    #expect(try read(#","usage":{"queue_time":0.05,"total_time":0.25}"#).latency == 300_000)
    #expect(try read(#","metrics":{"queue_time_ms":1.5,"time_to_first_token_ms":2,"generation_time_ms":3.25}"#).latency == 6_750)
    #expect(try read(#","timings":{"prompt_ms":10,"predicted_ms":20.5}"#).latency == 30_500)
    #expect(try read(#","timings":{"prompt_ms":10}"#).latency == nil)
    #expect(try read(#","latency_ms":-1"#).latency == nil)
  }
}
