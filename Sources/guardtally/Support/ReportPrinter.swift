import Files
import Reports
import Storage

/// Sends a report's rows through sort and limit to a format.
struct ReportPrinter {
  private var writer: any RowWriter
  private let order: RowOrder
  private let output: FileOutput
  /// Told how many lines come before they do.
  private let beforeLines: ((Int) -> Void)?

  /// - Parameter beforeLines: for formats that write nothing before their end.
  init(writer: any RowWriter, order: RowOrder, output: FileOutput, beforeLines: ((Int) -> Void)? = nil) {
    self.writer = writer
    self.order = order
    self.output = output
    self.beforeLines = beforeLines
  }

  /// - Returns: how many rows the limit left out.
  mutating func print(_ report: Report, of snapshot: any StoreSnapshot) throws -> Int {
    output.write { writer.begin(report.columns, to: &$0) }
    var totals = Report.Totals(report)
    if order.column == nil {
      // Rows go out as they come, so memory does not grow with them.
      try report.forEachRow(of: snapshot) { row in
        totals.add(row)
        if totals.rows <= order.limit ?? .max { output.write { writer.row(row, to: &$0) } }
        if let failure = output.failure { throw failure }
      }
    } else {
      var rows: [[Cell]] = []
      try report.forEachRow(of: snapshot) { row in
        totals.add(row)
        rows.append(row)
      }
      for row in order.sorted(rows).prefix(order.limit ?? .max) { output.write { writer.row(row, to: &$0) } }
    }
    var rest: [UInt8] = []
    let left = max(0, totals.rows - (order.limit ?? .max))
    if left > 0 { writer.leftOut(left) }
    if let cells = totals.cells { writer.total(cells, of: totals.rows, to: &rest) }
    writer.end(to: &rest)
    beforeLines?(rest.count { $0 == UInt8(ascii: "\n") })
    output.write(bytes: rest)
    return left
  }
}
