import Records
import Testing
import Verdicts

/// Reads lines as one batch, at a fixed time.
func read(_ lines: [String], settings: RecordSettings = RecordSettings()) -> VerdictBatch {
  read(bytes: lines.map { Array($0.utf8) }, settings: settings)
}

func read(bytes lines: [[UInt8]], settings: RecordSettings = RecordSettings()) -> VerdictBatch {
  var reader = RecordReader(input: "test.ndjson", settings: settings)
  reader.beginBatch(now: Timestamp(microseconds: 1_800_000_000_000_000))
  for (index, line) in lines.enumerated() {
    line.withUnsafeBufferPointer {
      reader.read($0, at: LinePosition(line: UInt64(index + 1), offset: UInt64(index * 100), length: UInt32(line.count)))
    }
  }
  return reader.finishBatch()
}

private func record(_ fields: String) -> String { "{\"id\":\"a\",\"time\":\"2026-01-10T12:00:00Z\",\"verdict\":\"safe\"\(fields)}" }

extension VerdictBatch {
  func id(of row: VerdictRow) -> ArraySlice<UInt8> {
    idBytes[Int(row.idOffset)..<Int(row.idOffset) + Int(row.idLength)]
  }

  func value(_ dimension: Dimension, row: Int = 0) -> String {
    values[dimension.lane][Int(rows[row].codes[dimension.lane])]
  }

  var codes: [RejectionCode] { rejections.map(\.code) }
}

@Suite struct RecordReaderTests {
  @Test func readsEveryField() throws {
    let batch = read([
      #"""
      {"id":"x-1","time":"2026-01-10T12:00:00.25+05:30","verdict":"UNSAFE","risk_types":["Hate","self harm","Sex-Crimes","novel"],"language":"ZH_hans","region":"cn-gd","model":"guard 1","source":"eu","stage":"response","method":"rescan","latency_ms":12.3456,"refusal":false,"action":"blocked","error_cause":"timeout","extra":{"deep":[1,2,{"x":null}]}}
      """#
    ])
    #expect(batch.rejections.isEmpty)
    let row = try #require(batch.rows.first)
    #expect(Timestamp(microseconds: row.time).rfc3339() == "2026-01-10T06:30:00.25Z")
    #expect(row.verdict == Verdict.unsafe.rawValue)
    var types = RiskTypeSet()
    for type in [RiskType.hate, .selfHarm, .sexCrimes, .other] { types.insert(type) }
    #expect(row.riskTypes == types.bits)
    #expect(row.unrecognised.riskTypes == 1)
    #expect(row.latency == 12_346)
    #expect(row.refusal == Refusal.no.rawValue)
    #expect(row.action == Action.blocked.rawValue)
    #expect(row.errorCause == ErrorCause.absent.rawValue)
    #expect(Dimension.allCases.map { batch.value($0) } == ["eu", "guard 1", "response", "rescan", "zh-Hans", "CN-GD"])
    #expect(String(decoding: batch.id(of: row), as: UTF8.self) == "x-1")
  }

  @Test func fillsInDefaults() throws {
    let batch = read([record(#","language":null,"region":"","risk_types":null,"latency_ms":null"#)])
    let row = try #require(batch.rows.first)
    #expect(Dimension.allCases.map { batch.value($0) } == ["default", "unknown", "unknown", "judge", "und", "ZZ"])
    #expect(row.latency == VerdictRow.noLatency)
    #expect(row.unrecognised.total == 0)
  }

  @Test func flaggedVerdictsHaveATypeAndErrorsHaveNone() {
    let batch = read([
      #"{"id":"a","time":1767225600,"verdict":"controversial","risk_types":[null,""]}"#,
      #"{"id":"b","time":1767225600,"verdict":"error","risk_types":["hate","new"]}"#,
      #"{"id":"c","time":1767225600,"verdict":"error","error_cause":"http"}"#,
      #"{"id":"d","time":1767225600,"verdict":"safe","risk_types":["prompt_attack"]}"#,
    ])
    #expect(batch.rows.map(\.riskTypes) == [1 << 16, 0, 0, 1 << 15])
    #expect(batch.rows.map(\.errorCause) == [0, ErrorCause.other.rawValue, ErrorCause.http.rawValue, 0])
    #expect(batch.rows[1].unrecognised.riskTypes == 1)
  }

  @Test func countsWhatIsNotRecognised() {
    let batch = read([record(#","language":"other","region":"UK""#), record(#","language":"xx-","region":"ZZ""#)])
    #expect(batch.value(.language) == "und")
    #expect(batch.value(.region) == "ZZ")
    #expect(batch.rows.map(\.unrecognised.total) == [2, 2])
  }

  /// Each line is refused for one reason, named in the contract's terms.
  @Test(arguments: [
    (#"{"time":1767225600,"verdict":"safe"}"#, RejectionCode.missingID), (record(#","id":"b""#), .duplicateField),
    (record(#","\u0069d":"b""#), .duplicateField), (#"{"id":7,"time":1767225600,"verdict":"safe"}"#, .badType),
    (#"{"id":"","time":1767225600,"verdict":"safe"}"#, .missingID), (#"{"id":"a\u0001","time":1767225600,"verdict":"safe"}"#, .badID),
    (#"{"id":"a\u0085","time":1767225600,"verdict":"safe"}"#, .badID), (#"{"id":"a","verdict":"safe"}"#, .missingTime),
    (#"{"id":"a","time":"2024-03-18","verdict":"safe"}"#, .timeWithoutClock),
    (#"{"id":"a","time":"2026-01-10T12:00:00","verdict":"safe"}"#, .badTime),
    (#"{"id":"a","time":"1999-12-31T23:59:59Z","verdict":"safe"}"#, .timeOutOfRange),
    (#"{"id":"a","time":"2027-01-16T08:00:00.000001Z","verdict":"safe"}"#, .timeOutOfRange),
    (#"{"id":"a","time":-1,"verdict":"safe"}"#, .timeOutOfRange), (#"{"id":"a","time":1e400,"verdict":"safe"}"#, .timeOutOfRange),
    (#"{"id":"a","time":true,"verdict":"safe"}"#, .badType), (#"{"id":"a","time":1767225600}"#, .missingVerdict),
    (#"{"id":"a","time":1767225600,"verdict":"not safe"}"#, .badVerdict), (record(#","stage":"Prompt""#), .badValue),
    (record(#","action":"deleted""#), .badValue), (record(#","error_cause":"dns""#), .badValue), (record(#","model":"a\tb""#), .badValue),
    (record(#","latency_ms":-0.001"#), .numberOutOfRange), (record(#","latency_ms":86400000.0000001"#), .numberOutOfRange),
    (record(#","latency_ms":"12""#), .badType), (record(#","refusal":"true""#), .badType), (record(#","risk_types":"hate""#), .badType),
    (record(#","risk_types":["hate",1]"#), .badType), (record(#","output":"Safety: Safe","format":"qwen3guard-gen""#), .verdictAndOutput),
    (#"{"id":"a","time":1767225600,"output":"Safety: Safe"}"#, .missingFormat),
    (#"{"id":"a","time":1767225600,"output":{"a":1},"format":"nothing"}"#, .unknownFormat), ("[1]", .notAnObject), ("\"x\"", .notAnObject),
    ("nul", .badJSON), (record("") + "x", .trailingText), (record("") + "{}", .trailingText), ("{\"id\":\"a\",}", .badJSON),
    ("{\"id\" \"a\"}", .badJSON), (record(",\"x\":01"), .badJSON), (record(",\"x\":1."), .badJSON), (record(",\"x\":.5"), .badJSON),
    (record(",\"x\":+1"), .badJSON), (record(",\"x\":\"\\x\""), .badEscape), (record(",\"x\":\"\\ud800\""), .badEscape),
    (record(",\"x\":\"\\udc00\\ud800\""), .badEscape), (record(",\"x\":\"\\u12g4\""), .badEscape), (record(",\"x\":\"\u{1}\""), .badJSON),
    (record(",\"x\":NaN"), .badJSON), (record(",'x':1"), .badJSON),
  ])
  func refuses(line: String, code: RejectionCode) {
    let batch = read([line])
    #expect(batch.codes == [code])
    #expect(batch.rows.isEmpty)
    #expect(batch.idBytes.isEmpty)
    #expect(batch.read == 1)
  }

  @Test(arguments: [
    [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0x80], [0x80], [0xFF], [0xC3], [0xF0, 0x80, 0x80, 0x80],
  ] as [[UInt8]])
  func refusesBadUTF8(bytes: [UInt8]) {
    let line = Array(record(#","unknown":"here"#).utf8).dropLast() + bytes + Array("\"}".utf8)
    #expect(read(bytes: [Array(line)]).codes == [.badUTF8])
  }

  /// Whatever stands before the fault of the JSON is not looked at: the line is not JSON.
  @Test func badJSONIsCalledThatWhateverElseIsWrong() {
    #expect(read([#"{"id":7,"verdict":"maybe""#]).codes == [.badJSON])
  }

  @Test func nestsUpToTheBound() {
    var settings = RecordSettings()
    settings.nestingMax = 3
    #expect(read([record(#","x":[[1]]"#)], settings: settings).codes == [])
    #expect(read([record(#","x":[[[1]]]"#)], settings: settings).codes == [.tooDeep])
    #expect(read([record(#","x":{"y":{"z":{}}}"#)], settings: settings).codes == [.tooDeep])
  }

  @Test func lengthsAreCountedInBytes() {
    let id = String(repeating: "é", count: 128)
    let model = String(repeating: "語", count: 21) + "x"
    #expect(read(["{\"id\":\"\(id)\",\"time\":1767225600,\"verdict\":\"safe\",\"model\":\"\(model)\"}"]).codes == [])
    #expect(read(["{\"id\":\"\(id)x\",\"time\":1767225600,\"verdict\":\"safe\"}"]).codes == [.badID])
    #expect(read([record(",\"model\":\"\(model)x\"")]).codes == [.badValue])
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("0.0004", 0), ("0.0005", 1), ("0.00049999999999999999999999", 0), ("1.0005", 1_001), ("86400000", 86_400_000_000),
    ("1e3", 1_000_000), ("123456e-3", 123_456), ("8.64E7", 86_400_000_000),
  ])
  func roundsLatenciesHalfUp(text: String, microseconds: Int64) throws {
    #expect(try #require(read([record(",\"latency_ms\":\(text)")]).rows.first).latency == microseconds)
  }

  @Test func constantsStandInForAbsentFieldsOnly() throws {
    var settings = RecordSettings()
    let taken = [("source", "gateway"), ("language", "PT_br"), ("action", "masked"), ("region", "UK"), ("id", "x"), ("stage", "before")]
      .map { settings.constants.set($0, to: $1) }
    #expect(taken == [true, true, true, false, false, false])
    let batch = read([record(#","language":"de""#), record("")], settings: settings)
    #expect(batch.value(.source) == "gateway")
    #expect(batch.value(.language, row: 0) == "de")
    #expect(batch.value(.language, row: 1) == "pt-BR")
    #expect(batch.rows.map(\.action) == [Action.masked.rawValue, Action.masked.rawValue])
  }

  @Test func assignedIDsDependOnNameOffsetAndLine() {
    var settings = RecordSettings()
    settings.assignsIDs = true
    let line = #"{"time":1767225600,"verdict":"safe"}"#
    let batch = read([line, line], settings: settings)
    let ids = batch.rows.map { String(decoding: batch.id(of: $0), as: UTF8.self) }
    // SHA-256 of the name, a zero byte, "0", a zero byte and the line, by another program.
    #expect(ids[0] == "3ab99628e6406807f69c934a721ae0ad")
    #expect(ids[0] != ids[1])
    #expect(read([line, line], settings: settings).idBytes == batch.idBytes)
  }
}
