/// `--sort COLUMN[:desc]` and `--limit N`.
package struct RowOrder: Sendable, Equatable {
  /// The column by which to sort; nil keeps the report's own order.
  package var column: Int?
  package var isDescending = false
  /// Nil shows all rows.
  package var limit: Int?

  package init() {}

  /// - Parameters:
  ///   - sort: the option's text, or nil.
  ///   - columns: what may be sorted by.
  package init(sort: String?, limit: Int?, columns: [Column]) throws(QueryError) {
    if let limit, limit < 0 { throw QueryError("--limit takes a whole number from 0 on") }
    self.limit = limit
    guard let sort else { return }
    let parts = sort.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 1 || parts.count == 2 && (parts[1] == "desc" || parts[1] == "asc") else {
      throw QueryError("--sort takes a column, and :desc to begin with the largest, as in --sort total:desc")
    }
    guard let index = columns.firstIndex(where: { $0.name == parts[0] }) else {
      throw QueryError.unknown("column", String(parts[0]), among: columns.map(\.name), "columns here")
    }
    column = index
    isDescending = parts.count == 2 && parts[1] == "desc"
  }

  /// Rows that are equal in the column keep their order; what does not exist comes last either way.
  package func sorted(_ rows: [[Cell]]) -> [[Cell]] {
    guard let column else { return rows }
    return rows.enumerated().sorted { left, right in
      switch Self.order(left.element[column], right.element[column]) {
      case .before: !isDescending
      case .after: isDescending
      case .beforeAlways: true
      case .afterAlways: false
      case .same: left.offset < right.offset
      }
    }.map(\.element)
  }

  private enum Order {
    case before, after, same, beforeAlways, afterAlways
  }

  private static func order(_ left: Cell, _ right: Cell) -> Order {
    switch (left, right) {
    case (.time(let left), .time(let right)): compare(left, right)
    case (.count(let left), .count(let right)): compare(left, right)
    case (.latency(.some(let left)), .latency(.some(let right))): compare(left, right)
    case (.ratio(.some(let left)), .ratio(.some(let right))): compare(left, right)
    case (.ratio(.none), .ratio(.some)): .afterAlways
    case (.ratio(.some), .ratio(.none)): .beforeAlways
    case (.text(let left), .text(let right)):
      left.utf8.elementsEqual(right.utf8) ? .same : left.utf8.lexicographicallyPrecedes(right.utf8) ? .before : .after
    default: .same
    }
  }

  private static func compare<Value: Comparable>(_ left: Value, _ right: Value) -> Order {
    left < right ? .before : left > right ? .after : .same
  }
}
