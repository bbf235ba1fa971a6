import ArgumentParser
import Files
import Guards
import Reports
import Storage
import Verdicts

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print a report; without a name, list the reports.",
    discussion: """
      Reports: \(ReportName.allCases.map(\.rawValue).joined(separator: ", ")). A ratio that does not exist (nothing was \
      evaluated) is an empty field. Formats: table on a terminal, csv otherwise; chart draws in the terminal, svg is a picture.

      Example:
        guardtally generate --rows 1000 |
          guardtally ingest --db example.db
        guardtally report safe-ratio --db example.db \\
          --from 2026-01-01 --to 2026-01-02 \\
          --by language --sort total:desc --limit 5
      """)

  @Argument(help: ArgumentHelp("The report.", valueName: "name"), completion: .list(ReportName.allCases.map(\.rawValue)))
  var name: String?

  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var spanOptions: SpanOptions

  @Option(help: ArgumentHelp("Cut the span into buckets: \(BucketStep.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "step"), completion: .list(BucketStep.allCases.map(\.rawValue)))
  var every: String?

  @Option(help: ArgumentHelp("Group by dimensions: \(Dimension.names.joined(separator: ", ")).", valueName: "dim,dim"), completion: .list(Dimension.names))
  var by: [String] = []

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp("Only verdicts with one of these values; * at the end matches any ending, \\* and \\, are the characters. May stand several times.", valueName: "dim=value,value"))
  var filters: [String] = []

  @Flag(help: "Of categories: by the names that the guards gave, with their formats.")
  var native = false

  @Option(
    help: ArgumentHelp(
      "Of categories: by another vocabulary's names: \(GuardCatalog.standard.taxonomies.map(\.name).joined(separator: ", ")).", valueName: "name"),
    completion: .list(GuardCatalog.standard.taxonomies.map(\.name)))
  var taxonomy: String?

  @Option(help: ArgumentHelp("IANA time zone of dates, buckets and printed times.", valueName: "zone"), completion: .zones)
  var tz: String = "UTC"

  @Option(help: ArgumentHelp("Sort by a column; :desc begins with the largest.", valueName: "column"), completion: .columns())
  var sort: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Print this many rows and say how many were left.", valueName: "count"))
  var limit: Int?

  @Option(help: ArgumentHelp("Buckets at the most.", valueName: "count"))
  var bucketsMax: Int64 = Report.bucketsMaxDefault

  @Option(help: ArgumentHelp("\(ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")). excel is CSV for spreadsheets.", valueName: "format"),
    completion: .list(ReportFormat.allCases.map(\.rawValue)))
  var format: String?

  @Option(help: ArgumentHelp("The column that chart and svg draw; default: the report's main one.", valueName: "name"), completion: .columns(\.kind.isNumber))
  var column: String?

  @Flag(help: "Do not show long results in a pager (PAGER, else less).")
  var noPager = false

  @Option(help: ArgumentHelp("Write to a file, which appears only when it is whole.", valueName: "file"), completion: .file())
  var output: String?

  func run() throws {
    try Failure.reported {
      guard let name else { return try listReports() }
      var request = ReportRequest(name: name)
      (request.from, request.to, request.last) = (spanOptions.from, spanOptions.to, spanOptions.last)
      (request.every, request.by, request.filters, request.zone) = (every, by, filters, tz)
      (request.isNative, request.taxonomy) = (native, taxonomy)
      (request.sort, request.limit, request.bucketsMax) = (sort, limit, bucketsMax)
      let (report, order) = try request.report { zone throws(QueryError) in
        try spanOptions.now.map { text throws(QueryError) in try ReportRequest.time(text, option: "--now", in: zone) } ?? SystemClock.now()
      }
      let format = try reportFormat()
      guard column == nil || format.isPicture else { throw Failure.usage("--column belongs to --format chart and --format svg") }
      let drawn = try column.map { name throws(QueryError) in try report.numericColumn(named: name) }
      let isFile = output.map { $0 != "-" } ?? false
      let destination = try FileOutput(path: output, sparing: storeOptions.files())
      var pager: Pager?
      let begins = format.isForReading && !isFile && !noPager
      var printer = ReportPrinter(
        writer: format.makeWriter(for: report, column: drawn, screen: Terminal.screen(isFile: isFile)), order: order, output: destination,
        beforeLines: begins ? { pager = Pager.begin(lines: $0) } : nil)
      defer { pager?.end() }
      let left = try storeOptions.store().read { snapshot in try printer.print(report, of: snapshot) }
      try destination.finish()
      pager?.end()
      pager = nil
      if left > 0 { StandardError.line("guardtally: \(left) more rows were left out by --limit \(limit ?? 0)") }
    }
  }

  private func listReports() throws {
    let output = try FileOutput(path: nil)
    for report in ReportName.allCases {
      output.write(report.rawValue + String(repeating: " ", count: max(2, 14 - report.rawValue.utf8.count)) + report.summary + "\n")
    }
    try output.finish()
  }

  private func reportFormat() throws -> ReportFormat {
    guard let format else { return output == nil && Terminal.isOutput ? .table : .csv }
    guard let known = ReportFormat(rawValue: format) else {
      throw QueryError.unknown("format", format, among: ReportFormat.allCases.map(\.rawValue), "formats")
    }
    return known
  }
}
