import Foundation
import Reports
import Testing
import Verdicts

@Suite struct FormatTests {
  private let columns = [Column("start", .time), Column("model", .text), Column("total", .count), Column("safe_ratio", .decimal)]
  private let rows: [[Cell]] = [
    [.time(Timestamp(microseconds: 1_767_225_600_000_000)), .text("plain"), .count(12), .ratio(0.5)],
    [.time(Timestamp(microseconds: 1_767_225_600_500_000)), .text("a,\"b\" 守卫"), .count(3_000_000_000), .ratio(nil)],
  ]

  private func written(_ format: ReportFormat, zone: Zone = .utc, rows: [[Cell]]) throws -> String {
    let report = try Report(name: .safeRatio, span: Span(from: Timestamp(microseconds: 0), to: Timestamp(microseconds: 1)), step: nil, by: [], filters: [], zone: zone)
    var writer = format.makeWriter(for: report)
    var bytes: [UInt8] = []
    writer.begin(columns, to: &bytes)
    for row in rows { writer.row(row, to: &bytes) }
    writer.end(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func csv() throws {
    #expect(
      try written(.csv, zone: Zone(name: "Asia/Kolkata")!, rows: rows) == """
        start,model,total,safe_ratio\r
        2026-01-01T05:30:00+05:30,plain,12,0.500000\r
        2026-01-01T05:30:00.5+05:30,"a,""b"" 守卫",3000000000,\r

        """)
    #expect(try written(.csv, rows: []) == "start,model,total,safe_ratio\r\n")
  }

  @Test func json() throws {
    let text = try written(.json, rows: rows)
    #expect(
      text == """
        [
          {"start": "2026-01-01T00:00:00Z", "model": "plain", "total": 12, "safe_ratio": 0.500000},
          {"start": "2026-01-01T00:00:00.5Z", "model": "a,\\"b\\" 守卫", "total": 3000000000, "safe_ratio": null}
        ]

        """)
    #expect((try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [Any])?.count == 2)
    #expect(try written(.json, rows: []) == "[]\n")
  }

  @Test func excel() throws {
    let formulas = ["=1+1", "+1", "-1", "@x", "\tx", " =1", "\u{A0}=1", "＝1", "＋1", "－1", "＠1", "\r=1", "1=1", "守卫", "a-b", ""]
    let expected = formulas.map { text in
      let isFormula = !["1=1", "守卫", "a-b", ""].contains(text)
      return text == "\r=1" ? "\"'\r=1\"" : isFormula ? "'" + text : text
    }
    #expect(
      try written(.excel, rows: formulas.map { [.text($0), .count(-1)] })
        == "\u{FEFF}start,model,total,safe_ratio\r\n" + expected.map { $0 + ",-1\r\n" }.joined())
    #expect(try written(.csv, rows: [[.text("=1+1")]]) == "start,model,total,safe_ratio\r\n=1+1\r\n")
  }

  @Test func jsonLines() throws {
    #expect(
      try written(.jsonl, rows: rows + [[.latency(1_500), .latency(nil), .latency(7), .latency(0)]]) == """
        {"start": "2026-01-01T00:00:00Z", "model": "plain", "total": 12, "safe_ratio": 0.500000}
        {"start": "2026-01-01T00:00:00.5Z", "model": "a,\\"b\\" 守卫", "total": 3000000000, "safe_ratio": null}
        {"start": 1.500, "model": null, "total": 0.007, "safe_ratio": 0.000}

        """)
    #expect(try written(.jsonl, rows: []).isEmpty)
  }

  @Test func markdown() throws {
    #expect(
      try written(.markdown, rows: rows + [[.text(#"a|b\c `d` *e* <f> [g] h_i"#), .latency(nil)]]) == #"""
        | start | model | total | safe_ratio |
        | --- | --- | ---: | ---: |
        | 2026-01-01T00:00:00Z | plain | 12 | 0.500000 |
        | 2026-01-01T00:00:00.5Z | a,"b" 守卫 | 3000000000 |  |
        | a\|b\\c \`d\` \*e\* \<f> \[g] h_i |  |

        """#)
    #expect(try written(.markdown, rows: []) == "| start | model | total | safe_ratio |\n| --- | --- | ---: | ---: |\n")
  }

  @Test func table() throws {
    #expect(
      try written(.table, rows: rows) == """
        start                   model            total  safe_ratio
        ----------------------  ----------  ----------  ----------
        2026-01-01T00:00:00Z    plain               12    0.500000
        2026-01-01T00:00:00.5Z  a,"b" 守卫  3000000000           -

        """)
  }

  /// Against C's printf, with halves and neighbours of halves.
  @Test func sixDecimalsRoundAsPrintfDoes() {
    var values: [Double] = [0, 1, 0.5, 1.0 / 3, 0.1234565, 0.0000005, 0.00000049999999, 0.9999995, 0.99999949, .leastNonzeroMagnitude, 5e-7, 1.5e-6, 2.5e-6]
    for whole in 1...400 { for part in stride(from: 0, through: whole, by: 7) { values.append(Double(part) / Double(whole)) } }
    for millionth in stride(from: 0, to: 1_000_000, by: 997) { values.append((Double(millionth) + 0.5) / 1e6) }
    for value in values { #expect(SixDecimals.text(value) == String(format: "%.6f", value), "\(value)") }
  }

  @Test func sortsWithWhatDoesNotExistLast() throws {
    let rows: [[Cell]] = [[.text("b"), .ratio(nil)], [.text("a"), .ratio(0.2)], [.text("c"), .ratio(0.9)], [.text("d"), .ratio(0.2)]]
    let columns = [Column("model", .text), Column("safe_ratio", .decimal)]
    func names(_ sort: String) throws -> String {
      try RowOrder(sort: sort, limit: nil, columns: columns).sorted(rows).map { if case .text(let name) = $0[0] { name } else { "" } }.joined()
    }
    #expect(try names("safe_ratio") == "adcb")
    #expect(try names("safe_ratio:desc") == "cadb")
    #expect(try names("model:desc") == "dcba")
    #expect(throws: QueryError.self) { try names("total") }
    #expect(throws: QueryError.self) { try names("model:down") }
  }
}

@Suite struct DimensionFilterTests {
  private func matching(_ text: String, _ values: [String]) throws -> [String] {
    let filter = try DimensionFilter(text)
    return values.filter(filter.matches)
  }

  @Test func matchesAlternativesAndPrefixes() throws {
    #expect(try matching("language=ZH_hans,en", ["zh-Hans", "zh-Hant", "en", "en-GB"]) == ["zh-Hans", "en"])
    #expect(try matching("language=zh-ha*", ["zh-Hans", "zh-Hant", "zh", "en"]) == ["zh-Hans", "zh-Hant"])
    #expect(try matching("region=cn*", ["CN", "CN-GD", "CA"]) == ["CN", "CN-GD"])
    #expect(try matching(#"model=a\*,b\,c*,\\x"#, ["a*", "ab", "b,c", "b,cd", "b", #"\x"#]) == ["a*", "b,c", "b,cd", #"\x"#])
    #expect(try matching(#"model=a\b,c\"#, [#"a\b"#, "ab", #"c\"#]) == [#"a\b"#, #"c\"#])
    #expect(try matching("model=\u{301}x", ["\u{301}x", "x"]) == ["\u{301}x"])
    #expect(try matching("model=*", ["x", "é"]) == ["x", "é"])
    #expect(try matching("model=é", ["é", "e\u{301}"]) == ["é"])
    #expect(try matching("region=ZZ", ["ZZ", "CN"]) == ["ZZ"])
  }

  @Test(arguments: ["model", "colour=red", "model=", "model=a,,b", "model=a*b", "language=??", "region=UK", "stage=before"])
  func refusesWhatCannotMatch(text: String) {
    #expect(throws: QueryError.self) { try DimensionFilter(text) }
  }
}
