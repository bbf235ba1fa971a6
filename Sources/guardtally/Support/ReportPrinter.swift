import Files
import Reports
import Storage

/// Sends a report's rows through sort and limit to a format.
struct ReportPrinter {
  private var writer: any RowWriter
  private let order: RowOrder
  private let output: FileOutput
  /// So many rows are let out by twos, fours and so on; more in whole buffers.
  private static let rowsAtOnceMax = 4_096
  /// Told how many lines come at the least, before the first does.
  private var beforeLines: ((Int) -> Void)?

  /// - Parameter beforeLines: for formats that write nothing before they know how wide it is.
  init(writer: any RowWriter, order: RowOrder, output: FileOutput, beforeLines: ((Int) -> Void)? = nil) {
    self.writer = writer
    self.order = order
    self.output = output
    self.beforeLines = beforeLines
  }

  /// - Returns: how many rows the limit left out.
  mutating func print(_ report: Report, of snapshot: any StoreSnapshot) throws -> Int {
    write { $0.begin(report.columns, to: &$1) }
    var totals = Report.Totals(report)
    if order.column == nil {
      // Rows go out as they come, so memory does not grow with them.
      try report.forEachRow(of: snapshot) { row in
        totals.add(row)
        if totals.rows <= order.limit ?? .max { write { $0.row(row, to: &$1) } }
        // The first rows are seen at once, and what a limit leaves is only counted, which may take its time. No row, no header: a report
        // may still be refused.
        if totals.rows == order.limit || totals.rows <= Self.rowsAtOnceMax && totals.rows & (totals.rows - 1) == 0 { try output.flush() }
        if let failure = output.failure { throw failure }
      }
    } else {
      var rows: [[Cell]] = []
      try report.forEachRow(of: snapshot) { row in
        totals.add(row)
        rows.append(row)
      }
      for row in order.sorted(rows).prefix(order.limit ?? .max) { write { $0.row(row, to: &$1) } }
    }
    let left = max(0, totals.rows - (order.limit ?? .max))
    if left > 0 { writer.leftOut(left) }
    write { writer, bytes in
      if let cells = totals.cells { writer.total(cells, of: totals.rows, to: &bytes) }
      writer.end(to: &bytes)
    }
    return left
  }

  private mutating func write(_ append: (inout any RowWriter, inout [UInt8]) -> Void) {
    guard beforeLines != nil else { return output.write { append(&writer, &$0) } }
    var bytes: [UInt8] = []
    append(&writer, &bytes)
    if let told = beforeLines, !bytes.isEmpty {
      told(bytes.count { $0 == UInt8(ascii: "\n") })
      beforeLines = nil
    }
    output.write(bytes: bytes)
  }
}
