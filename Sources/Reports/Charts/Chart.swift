import Guards
import Statistics
import Verdicts

/// What a chart draws: the values of one column, told apart by group, and by bucket or by name.
struct Chart {
  struct Mark {
    /// Of a point the beginning of its bucket, of a bar nil.
    var time: Timestamp?
    /// Of a bar what it is of, in parts of which each is shortened for itself.
    var label: [String] = []
    /// Nil where the value does not exist.
    var value: Double?
    /// The 95% interval, where the column has one.
    var interval: ClosedRange<Double>?
    /// The value as tables have it; a safe ratio's with the error ratio, without which it says too much.
    var text: String
  }

  struct Series {
    /// The group's values; none where there is one group.
    var name: [String]
    var marks: [Mark] = []
    fileprivate var errors: Int64 = 0
    fileprivate var total: Int64 = 0
    /// Over all marks, as text, where what is drawn needs it beside it.
    var errorRatio: String? {
      guard let ratio = Ratio.of(errors, in: total) else { return nil }
      var bytes: [UInt8] = []
      SixDecimals.append(ratio, to: &bytes)
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Points along time, or bars.
  enum Shape {
    case points, bars
  }

  /// What is drawn, and of which span.
  var title: String
  fileprivate(set) var spanText: String
  fileprivate var nothingText: String
  var column: String
  var shape: Shape
  var series: [Series] = []
  /// Rows that a limit left out.
  var rowsLeftOut = 0
  var emptyText: String { rowsLeftOut > 0 ? "\(rowsLeftOut) rows were left out by the limit" : nothingText }

  var marks: [Mark] { series.flatMap(\.marks) }
  var hasIntervals: Bool { series.contains { $0.marks.contains { $0.interval != nil } } }

  /// The values that the axis has to reach: bars begin at 0, points of ratios need not.
  var scale: ChartScale {
    var low = Double.infinity
    var high = -Double.infinity
    for mark in marks {
      guard let value = mark.value else { continue }
      low = min(low, mark.interval?.lowerBound ?? value)
      high = max(high, mark.interval?.upperBound ?? value)
    }
    guard low <= high else { return ChartScale(covering: 0...1, ticksMax: 5) }
    let isRatio = Chart.isRatio(column)
    if shape == .bars || !isRatio { low = 0 }
    if shape == .bars, isRatio { high = 1 }
    return ChartScale(covering: low...max(low, high), ticksMax: 5, bound: isRatio ? 0...1 : 0...Double.infinity)
  }

  /// How wide the marks' texts are at the most.
  var textColumns: Int { marks.map { $0.text.utf8.count }.max() ?? 1 }

  static func isRatio(_ column: String) -> Bool { column.contains("ratio") || column.hasPrefix("share_") }
}

/// Gathers a report's rows into a chart.
struct ChartCollector {
  private(set) var chart: Chart
  private let report: Report
  private let column: Int
  private let lower: Int?
  private let upper: Int?
  /// The column of the error ratio, where what is drawn needs it beside it.
  private let errorRatio: Int?
  private let counted: (errors: Int, total: Int)?
  /// The column that names bars within a group: risk types, causes.
  private let nameColumn: Int?
  private var seriesOfName: [[String]: Int] = [:]

  /// - Parameter column: the column that is drawn.
  init(_ report: Report, column: Column) {
    self.report = report
    let columns = report.columns
    self.column = columns.firstIndex(of: column) ?? columns.count - 1
    lower = columns.firstIndex { $0.name == column.name + "_lower" }
    upper = columns.firstIndex { $0.name == column.name + "_upper" }
    errorRatio = column.name.hasSuffix("safe_ratio") ? columns.firstIndex { $0.name == "error_ratio" } : nil
    if let errors = columns.firstIndex(where: { $0.name == "error" }), let total = columns.firstIndex(where: { $0.name == "total" }) {
      counted = (errors, total)
    } else {
      counted = nil
    }
    let firstOwn = 2 + report.by.count
    nameColumn = columns[firstOwn].kind == .text ? columns[firstOwn..<columns.count].lastIndex { $0.kind == .text } : nil
    let shape: Chart.Shape = nameColumn == nil && report.step != nil ? .points : .bars
    chart = Chart(title: Self.title(report, column), spanText: report.spanText, nothingText: report.emptyText, column: column.name, shape: shape)
  }

  mutating func leaveOut(_ rows: Int) {
    chart.rowsLeftOut = rows
    // A picture is looked at without what was said beside it.
    chart.spanText += "; \(rows) more rows left out by --limit"
  }

  mutating func add(_ row: [Cell]) {
    var names = row[2..<2 + report.by.count].map(Self.text)
    var mark = Chart.Mark(value: Self.number(row[column]), text: Self.text(row[column]))
    if let errorRatio { mark.text += "  error \(Self.text(row[errorRatio]))" }
    if let lower, let upper, let low = Self.number(row[lower]), let high = Self.number(row[upper]) { mark.interval = low...high }
    if chart.shape == .points {
      if case .time(let start) = row[0] { mark.time = start }
    } else if let nameColumn {
      // A verdict that was not sent as a reply has no format.
      mark.label = row[(2 + report.by.count)...nameColumn].map(Self.text).filter { !$0.isEmpty }
      if report.step != nil, case .time(let start) = row[0] { names.insert(report.zone.text(start), at: 0) }
    } else {
      mark.label = names.isEmpty ? ["all"] : names
      names = []
    }
    let place = seriesOfName[names] ?? chart.series.count
    if place == chart.series.count {
      seriesOfName[names] = place
      chart.series.append(Chart.Series(name: names))
    }
    chart.series[place].marks.append(mark)
    if errorRatio != nil, let columns = counted, case .count(let errors) = row[columns.errors], case .count(let total) = row[columns.total] {
      chart.series[place].errors += errors
      chart.series[place].total += total
    }
  }

  private static func title(_ report: Report, _ column: Column) -> String {
    var title = column.name
    if column.name != report.name.rawValue.replacing("-", with: "_") { title += " of \(report.name.rawValue)" }
    switch report.naming {
    case .canonical: break
    case .native: title += " (native names)"
    case .taxonomy(let taxonomy): title += " (\(taxonomy.name))"
    }
    if !report.by.isEmpty { title += " by " + report.by.map(\.name).joined(separator: ", ") }
    title += report.filterText
    if let step = report.step { title += ", every \(step.rawValue)" }
    return title
  }

  private static func number(_ cell: Cell) -> Double? {
    switch cell {
    case .count(let count): Double(count)
    case .latency(let microseconds): microseconds.map { Double($0) / 1_000 }
    case .ratio(let ratio): ratio
    case .time, .text: nil
    }
  }

  private static func text(_ cell: Cell) -> String {
    var bytes: [UInt8] = []
    switch cell {
    case .text(let text): return ReaderText.visible(text)
    case .count(let count): bytes.append(number: count)
    case .latency(let microseconds): if let microseconds { bytes.append(milliseconds: microseconds) } else { return "-" }
    case .ratio(let ratio): if let ratio { SixDecimals.append(ratio, to: &bytes) } else { return "-" }
    case .time: break
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
