import Reports
import Testing
import Verdicts

/// Tables on narrow screens, and charts, as whole texts.
@Suite struct PictureTests {
  private let hour = Timestamp.microsecondsPerHour
  private let begin = Timestamp(microseconds: 1_767_225_600_000_000)

  private func report(_ name: ReportName, step: BucketStep? = nil, by: [Dimension] = [], hours: Int64 = 4, zone: Zone = .utc) throws -> Report {
    try Report(
      name: name, span: Span(from: begin, to: begin.advanced(byMicroseconds: hours * hour)), step: step, by: by, filters: [], zone: zone)
  }

  private func written(_ format: ReportFormat, _ report: Report, _ rows: [[Cell]], column: String? = nil, screen: Screen = Screen()) throws -> String {
    var writer = format.makeWriter(for: report, column: try column.map { try report.numericColumn(named: $0) }, screen: screen)
    var bytes: [UInt8] = []
    var totals = Report.Totals(report)
    writer.begin(report.columns, to: &bytes)
    for row in rows {
      totals.add(row)
      writer.row(row, to: &bytes)
    }
    if let cells = totals.cells { writer.total(cells, of: totals.rows, to: &bytes) }
    writer.end(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func safeRatio(_ hours: Range<Int64>, _ groups: [String] = [], _ counts: [Int64], _ ratios: [Double?]) -> [Cell] {
    [.time(begin.advanced(byMicroseconds: hours.lowerBound * hour)), .time(begin.advanced(byMicroseconds: hours.upperBound * hour))]
      + groups.map { .text($0) } + counts.map { .count($0) } + ratios.map { .ratio($0) }
  }

  private var ratios: [[Cell]] {
    [
      safeRatio(0..<4, ["守卫-8B"], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]),
      safeRatio(0..<4, ["حارس"], [6, 5, 0, 0, 1], [1, 0.565509, 1, 1, 1.0 / 6]),
      safeRatio(0..<4, ["a-guard-with-a-very-long-name"], [2, 0, 0, 0, 2], [nil, nil, nil, nil, 1]),
    ]
  }

  @Test func tableWithTotal() throws {
    #expect(
      try written(.table, report(.safeRatio, by: [.model]), ratios) == """
        start                 end                   model                          total  safe  controversial  unsafe  error  safe_ratio  safe_ratio_lower  safe_ratio_upper  loose_safe_ratio  error_ratio
        --------------------  --------------------  -----------------------------  -----  ----  -------------  ------  -----  ----------  ----------------  ----------------  ----------------  -----------
        2026-01-01T00:00:00Z  2026-01-01T04:00:00Z  守卫-8B                           10     8              1       1      0    0.800000          0.490162          0.943318          0.900000     0.000000
        2026-01-01T00:00:00Z  2026-01-01T04:00:00Z  \u{2066}حارس\u{2069}                               6     5              0       0      1    1.000000          0.565509          1.000000          1.000000     0.166667
        2026-01-01T00:00:00Z  2026-01-01T04:00:00Z  a-guard-with-a-very-long-name      2     0              0       0      2           -                 -                 -                 -     1.000000
        --------------------  --------------------  -----------------------------  -----  ----  -------------  ------  -----  ----------  ----------------  ----------------  ----------------  -----------
        all 3 rows                                                                    18    13              1       1      3    0.866667          0.621180          0.962639          0.933333     0.166667

        """)
  }

  @Test func tableOnANarrowScreen() throws {
    #expect(
      try written(.table, report(.safeRatio, by: [.model]), ratios, screen: Screen(width: 80)) == """
        start                 model             total  error  safe_ratio  error_ratio
        --------------------  ----------------  -----  -----  ----------  -----------
        2026-01-01T00:00:00Z  守卫-8B              10      0    0.800000     0.000000
        2026-01-01T00:00:00Z  \u{2066}حارس\u{2069}                  6      1    1.000000     0.166667
        2026-01-01T00:00:00Z  a-guard-…ng-name      2      2           -     1.000000
        --------------------  ----------------  -----  -----  ----------  -----------
        all 3 rows                                 18      3    0.866667     0.166667
        (left out for the width: end, loose_safe_ratio, controversial, unsafe, safe,
        safe_ratio_lower, safe_ratio_upper; --format csv has all)

        """)
    #expect(
      try written(.table, report(.categories), [], screen: Screen(width: 40, hasStyles: true)).hasPrefix("\u{1B}[1mstart  risk_type  verdicts  share_of_flagged\u{1B}[0m\n"))
  }

  @Test func noTotalWhereThereIsNone() throws {
    let latency = try report(.latency)
    let row: [Cell] = [.time(begin), .time(begin), .count(3), .latency(1_000), .latency(1_000), .latency(1_000), .latency(1_000), .latency(1_000)]
    #expect(!(try written(.table, latency, [row, row])).contains("all 2 rows"))
    let errors = try report(.errors)
    let cause: [Cell] = [.time(begin), .time(begin), .text("http"), .count(3), .ratio(0.25)]
    #expect(try written(.table, errors, [cause, cause]).contains("all 2 rows"))
    #expect(!(try written(.table, errors, [cause])).contains("all"))
  }

  @Test func pointsInTheTerminal() throws {
    let rows = [
      safeRatio(0..<1, ["en"], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]),
      safeRatio(2..<3, ["en"], [2, 0, 0, 0, 2], [nil, nil, nil, nil, 1]),
      safeRatio(3..<4, ["en"], [6, 5, 0, 0, 1], [1, 0.565509, 1, 1, 0.166667]),
    ]
    let zone = try #require(Zone(name: "Asia/Kolkata"))
    let hourly = try report(.safeRatio, step: .hour, by: [.language], zone: zone)
    #expect(
      try written(.chart, hourly, rows, screen: Screen(width: 80)) == """
        safe_ratio by language, every 1h, 2026-01-01T05:30:00+05:30 to
        2026-01-01T09:30:00+05:30 (Asia/Kolkata)
        ● safe_ratio, ├─┤ its 95% interval
                                  0.4      0.6     0.8      1.0
        en
        2026-01-01T05:30:00+05:30 │    ├────────────●──────┤  │ 0.800000  error 0.000000
        2026-01-01T07:30:00+05:30 │                           │        -  error 1.000000
        2026-01-01T08:30:00+05:30 │       ├──────────────────●│ 1.000000  error 0.166667

        """)
    #expect(
      try written(.chart, hourly, Array(rows.prefix(1)), column: "total", screen: Screen(width: 60, hasUnicode: false)) == """
        total of safe-ratio by language, every 1h,
        2026-01-01T05:30:00+05:30 to 2026-01-01T09:30:00+05:30
        (Asia/Kolkata)
                                   0     2    4     6    8    10
        en
        2026-01-01T05:30:00+05:30 |                            o| 10

        """)
  }

  /// Labels that would look the same beside the picture stand over it.
  @Test func labelsOverBarsWhereThereIsNoRoom() throws {
    let rows = [0, 1].map { safeRatio($0..<$0 + 1, [], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]) }
    let text = try written(.chart, report(.safeRatio, step: .hour), rows, screen: Screen(width: 40))
    #expect(
      text == """
        safe_ratio, every 1h,
        2026-01-01T00:00:00Z to
        2026-01-01T04:00:00Z
        ● safe_ratio, ├─┤ its 95% interval
         0.4   0.7  1.0
        2026-01-01T00:00:00Z
         │  ├────●──┤ │ 0.800000  error 0.000000
        2026-01-01T01:00:00Z
         │  ├────●──┤ │ 0.800000  error 0.000000

        """)
  }

  /// What is invisible, or turns what stands beside it, is named; the widths of emoji are those of terminals.
  @Test func textsOfAnyScript() throws {
    let names = ["a\u{202E}b", "a\u{200B}b", "ab", "1\u{FE0F}\u{20E3}", "👩‍💻", "🇩🇪", "각"]
    let rows = names.map { safeRatio(0..<4, [$0], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]) }
    let table = try written(.table, report(.safeRatio, by: [.model]), rows).split(separator: "\n").map(String.init)
    #expect(table[2].contains("  a<U+202E>b     10  ") && table[3].contains("  a<U+200B>b     10  ") && table[4].contains("  ab             10  "))
    for (line, name) in zip(table[5...8], names[3...6]) { #expect(line.contains(name + String(repeating: " ", count: 13) + "10  "), "\(line)") }
    let picture = try written(.svg, report(.safeRatio, by: [.model]), rows)
    #expect(picture.contains("a&lt;U+202E&gt;b") && !picture.contains("\u{202E}"))
  }

  /// Pictures say what was filtered and what a limit left out, for they are looked at alone.
  @Test func picturesSayWhatIsLeftOut() throws {
    let filtered = try Report(
      name: .safeRatio, span: Span(from: begin, to: begin.advanced(byMicroseconds: 4 * hour)), step: nil, by: [], filters: [DimensionFilter("model=a\\,b,c*")],
      zone: .utc)
    for format in [ReportFormat.chart, .svg] {
      var writer = format.makeWriter(for: filtered)
      var bytes: [UInt8] = []
      writer.begin(filtered.columns, to: &bytes)
      writer.row(safeRatio(0..<4, [], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]), to: &bytes)
      writer.leftOut(3)
      writer.end(to: &bytes)
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(text.contains("safe_ratio where model=a\\,b,c*") && text.contains("; 3 more rows left out by --limit"), "\(text)")
    }
  }

  /// Days have their dates below them, none over another.
  @Test func timesDoNotTouch() throws {
    for days in 2...40 {
      let span = Span(from: begin, to: begin.advanced(byMicroseconds: Int64(days) * 24 * hour))
      let daily = try Report(name: .safeRatio, span: span, step: .day, by: [], filters: [], zone: .utc)
      let rows = (0..<Int64(days)).map { safeRatio($0 * 24..<($0 + 1) * 24, [], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]) }
      let places = try written(.svg, daily, rows).matches(of: /<text x="([0-9.]+)" y="456" text-anchor="middle">2026-/).compactMap { Double($0.1) }
      #expect(places.count >= 2 && zip(places, places.dropFirst()).allSatisfy { $1 - $0 >= 90 }, "\(days) days: \(places)")
    }
  }

  /// Names that differ at their ends alone are not shortened until they look the same.
  @Test func tableKeepsNamesApart() throws {
    let rows = ["Qwen3Guard-Gen-8B", "Qwen3Guard-Stream-8B"].map { safeRatio(0..<4, [$0], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]) }
    let text = try written(.table, report(.safeRatio, by: [.model]), rows, screen: Screen(width: 40))
    #expect(text.contains("\nQwen…n-8B  ") && text.contains("\nQwen…m-8B  "), "\(text)")
  }

  @Test func barsInTheTerminal() throws {
    let rows: [[Cell]] = [("hate", 12), ("violence", 1), ("weapons", 0)].map { name, count in
      [.time(begin), .time(begin), .text(name), .count(count), .count(0), .count(count), .ratio(0.5), .ratio(0.1)]
    }
    #expect(
      try written(.chart, report(.categories), rows, screen: Screen(width: 50)) == """
        verdicts of categories, 2026-01-01T00:00:00Z to
        2026-01-01T04:00:00Z
                  0           5         10          15
        hate     │█████████████████████████████       │ 12
        violence │███                                 │  1
        weapons  │                                    │  0

        """)
    #expect(try written(.chart, report(.categories), []) == "verdicts of categories, 2026-01-01T00:00:00Z to 2026-01-01T04:00:00Z\n(no flagged verdicts from 2026-01-01T00:00:00Z to 2026-01-01T04:00:00Z)\n")
  }

  @Test func pictureHasAllItsParts() throws {
    let rows = (0..<4).flatMap { index in
      ["<b>&\"", "守卫"].map { safeRatio(index..<index + 1, [$0], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]) }
    }.filter { if case .time(let start) = $0[0] { start != begin.advanced(byMicroseconds: hour) } else { false } }
    let text = try written(.svg, report(.safeRatio, step: .hour, by: [.model]), rows)
    #expect(text.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    #expect(text.contains("&lt;b&gt;&amp;&quot;, error ratio 0.000000") && text.contains(">守卫, error ratio"))
    #expect(text.contains("<title>safe_ratio by model, every 1h, 2026-01-01T00:00:00Z to 2026-01-01T04:00:00Z</title>"))
    // Two series of two runs, for an hour is empty; a run of one hour has a line for its interval, one of two a band.
    #expect(text.matches(of: /<polyline/).count == 4)
    #expect(text.matches(of: /<polygon/).count == 2)
    #expect(text.matches(of: /stroke-opacity/).count == 2)
    #expect(text.hasSuffix("</svg>\n"))
  }

  /// Names that are long are shortened where they differ least, and nothing runs out of the picture.
  @Test func longNamesStayApart() throws {
    let names = ["model-0", "model-1"].map { [String(repeating: "s", count: 60), $0] }
    let rows = names.map { safeRatio(0..<4, $0, [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]) }
    let report = try report(.safeRatio, by: [.source, .model])
    let chart = try written(.chart, report, rows, screen: Screen(width: 80)).split(separator: "\n")
    #expect(chart.contains { $0.contains("…sssssssssss, model-0 │") } && chart.contains { $0.contains("…sssssssssss, model-1 │") })
    #expect(chart.dropFirst().allSatisfy { $0.count <= 80 })
    let picture = try written(.svg, report, rows)
    #expect(picture.contains("sssss, model-0<title>\(names[0].joined(separator: ", "))</title>"))
  }

  @Test func whatALimitLeavesOutIsNotSaidToBeNone() throws {
    let report = try report(.safeRatio, by: [.model])
    for format in [ReportFormat.table, .chart, .svg] {
      var writer = format.makeWriter(for: report)
      var bytes: [UInt8] = []
      writer.begin(report.columns, to: &bytes)
      writer.leftOut(3)
      writer.end(to: &bytes)
      #expect(!String(decoding: bytes, as: UTF8.self).contains("no verdicts"), "\(format)")
    }
  }

  /// A number that is cut would be another one.
  @Test func totalIsNeverCut() throws {
    let days = try report(.safeRatio, step: .day, by: [.source])
    let rows = (0..<63).map { safeRatio(0..<4, ["s\($0)"], [10, 8, 1, 1, 0], [0.8, 0.490162, 0.943318, 0.9, 0]) }
    for width in [20, 30, 50, 60, 200] {
      let line = try written(.table, days, rows, screen: Screen(width: width)).split(separator: "\n").first { $0.contains("630") }
      #expect(try #require(line).hasPrefix("all 63 rows ") || line!.hasPrefix("63 rows ") || line!.hasPrefix("all "), "\(width): \(line ?? "")")
      #expect(!line!.contains("…"))
    }
  }

  @Test func columnsToDrawAreNumbers() throws {
    let report = try report(.safeRatio, by: [.model])
    #expect(throws: QueryError("there is no column eror; nearest: error; columns to draw are total, safe, controversial, unsafe, error, safe_ratio, safe_ratio_lower, safe_ratio_upper, loose_safe_ratio, error_ratio")) {
      try report.numericColumn(named: "eror")
    }
    #expect(throws: QueryError.self) { try report.numericColumn(named: "model") }
  }
}
