import Files
import Reports
import Storage

/// Sends a report's rows through sort and limit to a format.
struct ReportPrinter {
  private var writer: any RowWriter
  private let order: RowOrder
  private let output: FileOutput

  init(writer: any RowWriter, order: RowOrder, output: FileOutput) {
    self.writer = writer
    self.order = order
    self.output = output
  }

  /// - Returns: how many rows the limit left out.
  mutating func print(_ report: Report, of snapshot: any StoreSnapshot) throws -> Int {
    output.write { writer.begin(report.columns, to: &$0) }
    var count = 0
    if order.column == nil {
      // Rows go out as they come, so memory does not grow with them.
      try report.forEachRow(of: snapshot) { row in
        count += 1
        if count <= order.limit ?? .max { output.write { writer.row(row, to: &$0) } }
        if let failure = output.failure { throw failure }
      }
    } else {
      var rows: [[Cell]] = []
      try report.forEachRow(of: snapshot) { rows.append($0) }
      count = rows.count
      for row in order.sorted(rows).prefix(order.limit ?? .max) { output.write { writer.row(row, to: &$0) } }
    }
    output.write { writer.end(to: &$0) }
    return max(0, count - (order.limit ?? .max))
  }
}
