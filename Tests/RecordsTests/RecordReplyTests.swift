import Guards
import Records
import Testing
import Verdicts

/// Records that carry a guard's reply, and lines that are one.
@Suite struct RecordReplyTests {
  private func line(_ fields: String) -> String { "{\"id\":\"a\",\"time\":\"2026-01-10T12:00:00Z\",\(fields)}" }

  private func settings(format: String? = nil, assigns: Bool = false) -> RecordSettings {
    var settings = RecordSettings()
    settings.format = format.flatMap { GuardCatalog.standard.format(named: $0)?.index }
    settings.assignsIDs = assigns
    if assigns { settings.assumedTime = Timestamp(microseconds: 1_768_000_000_000_000) }
    return settings
  }

  private func nativeNames(_ batch: VerdictBatch, row: Int = 0) -> String? {
    let code = Int(batch.rows[row].codes[CodedField.nativeNames.lane])
    return code == 0 ? nil : batch.values[CodedField.nativeNames.lane][code - 1]
  }

  @Test func readsTextBetweenOtherFields() throws {
    let batch = read([
      line(#""format":"qwen3guard-gen","output":"Safety: Unsafe\nCategories: PII, Novel\nRefusal: Yes","model":"g\n1","source":"e\u0075""#.replacing("g\\n1", with: "g 1"))
    ])
    #expect(batch.rejections == [])
    let row = try #require(batch.rows.first)
    #expect(row.verdict == Verdict.unsafe.rawValue)
    #expect(row.riskTypes == RiskTypeSet([.privacy, .other]).bits)
    #expect(row.refusal == Refusal.yes.rawValue)
    #expect(row.unrecognised.riskTypes == 1)
    #expect(nativeNames(batch) == "qwen3guard-gen|PII=privacy|(unlisted)=other")
    #expect(batch.value(.source) == "eu")
  }

  @Test func namesAreASet() {
    let first = read([line(#""format":"llama-guard-3","output":"unsafe\nS1,S10""#), line(#""format":"llama-guard-3","output":"unsafe\nS10,S1""#)])
    #expect(first.values[CodedField.nativeNames.lane] == ["llama-guard-3|S1=violence|S10=hate"])
  }

  @Test func fillsInWhatTheRecordDoesNotSay() throws {
    let envelope = #"{"model":"guard-7","latency_ms":12.5,"choices":[{"message":{"content":"unsafe\nS2"}}]}"#
    let context = #""context":{"guard":"llama-guard-2","stage":"response"}"#
    let batch = read([
      line(#""format":"openai-chat","output":\#(envelope),\#(context)"#),
      line(#""format":"openai-chat","output":\#(envelope),\#(context),"model":"own","latency_ms":1,"stage":"prompt","refusal":true"#),
    ])
    #expect(batch.rejections == [])
    #expect((0...1).map { batch.value(.model, row: $0) } == ["guard-7", "own"])
    #expect((0...1).map { batch.value(.stage, row: $0) } == ["response", "prompt"])
    #expect(batch.rows.map(\.latency) == [12_500, 1_000])
    #expect(batch.rows.map(\.refusal) == [0, Refusal.yes.rawValue])
    #expect(nativeNames(batch) == "llama-guard-2|S2=illegal_activity")
  }

  /// A guard that wrote nothing is an error; a record that has its verdict has no reply.
  @Test func anEmptyReplyIsAnErrorWhereAFormatIsNamed() {
    let batch = read([
      line(#""format":"shieldgemma","output":"""#), line(#""format":"shieldgemma","output":null,"error_cause":"timeout""#),
      line(#""format":"shieldgemma","output":"","verdict":"safe""#), line(#""output":"","verdict":"safe""#), line(#""output":"""#),
    ])
    #expect(batch.rows.map(\.verdict) == [3, 3, 0, 0])
    #expect(batch.rows.map(\.errorCause) == [ErrorCause.unreadable, .timeout, .absent, .absent].map(\.rawValue))
    #expect(batch.codes == [.missingVerdict])
  }

  @Test func refusesWhatCannotBeMeant() {
    let batch = read([
      line(#""output":"safe""#), line(#""output":"safe","format":"lama-guard-3""#), line(#""output":"safe","format":"llama-guard-3","verdict":"safe""#),
      line(#""output":"safe","format":"llama-guard-3","risk_types":["hate"]"#), line(#""output":{"choices":[]},"format":"openai-chat""#),
      line(#""output":"safe","format":"openai-chat","context":{"guard":"nobody"}"#), line(#""output":"Yes","format":"shieldgemma","context":{"policy":1}"#),
      line(#""output":"Yes","format":"shieldgemma","context":[]"#), line(#""output":"Yes","format":"wildguard","context":{"stage":"both"}"#),
    ])
    #expect(
      batch.codes == [
        .missingFormat, .unknownFormat, .verdictAndOutput, .verdictAndOutput, .missingContext, .unknownFormat, .badType, .badType, .badValue,
      ])
    #expect(batch.rejections[1].nearestNames == ["llama-guard-1", "llama-guard-2", "llama-guard-3"] || batch.rejections[1].nearestNames.first == "llama-guard-3")
    #expect(batch.rejections[1].message.contains("nearest: "))
    let envelope = line(#""output":"safe","format":"openai-chat","context":{"guard":"qwen3guard"}"#)
    #expect(read([envelope]).rejections.first?.nearestNames == ["qwen3guard-gen", "qwen3guard-stream"])
  }

  /// With a format for all lines, a line is a reply, or a record with `output` or `verdict`.
  @Test func readsBareReplies() throws {
    let lines = [
      #""unsafe\nS1""#, #"{"output":"safe","id":"x","time":"2026-01-10T12:00:00Z"}"#, #"{"verdict":"controversial"}"#, #"{"id":"y"}"#,
      #"{"output":"yes","format":"shieldgemma"}"#, "[1]", "12", "null", #"{"id":"z","time":"2026-01-10T12:00:00Z","Output":"safe"}"#,
    ]
    let batch = read(lines, settings: settings(format: "llama-guard-3", assigns: true))
    #expect(batch.codes == [.notAnObject, .notAnObject, .missingVerdict], "a record that lost its output is no reply")
    #expect(batch.rows.map(\.verdict) == [2, 0, 1, 3, 2, 3])
    #expect(batch.rows[1].idLength == 1)
    #expect(batch.rows[3].idLength == 32, "what is in a reply is not the record's")
    let moderation = read(
      [#"{"id":"modr-1","model":"omni","results":[{"flagged":true,"categories":{"hate":true}}]}"#],
      settings: settings(format: "openai-moderation", assigns: true))
    #expect(moderation.rows.map(\.verdict) == [2])
    #expect(moderation.value(.model) == "omni")
    #expect(read([#""safe""#], settings: settings(format: "llama-guard-3")).codes == [.missingID])
    #expect(read([#""safe""#]).codes == [.notAnObject])
  }

  /// One string's memory must not become another's.
  @Test func keepsRepliesApart() {
    let outputs = ["safe", "unsafe\\nS1", "\\u0073afe", "unsafe\\nS2", "nonsense\\n", "safe"]
    let batch = read(outputs.map { line(#""output":"\#($0)","source":"a\tb\#($0.count)","format":"llama-guard-3""#.replacing("\\t", with: " ")) })
    #expect(batch.rows.map(\.verdict) == [0, 2, 0, 2, 3, 0])
  }
}
