package import Verdicts

/// One field of a report's row.
package enum Cell: Equatable, Sendable {
  case time(Timestamp)
  case text(String)
  case count(Int64)
  /// Whole microseconds, shown as milliseconds with three decimals. Nil where there is no latency.
  case latency(Int64?)
  /// Nil where the ratio does not exist: an empty field, never 0.
  case ratio(Double?)
}

/// A column of a report.
package struct Column: Equatable, Sendable {
  package enum Kind: Sendable {
    case time, text, count
    /// With a fraction: ratios, milliseconds.
    case decimal

    package var isNumber: Bool { self == .count || self == .decimal }
  }

  package var name: String
  package var kind: Kind

  package init(_ name: String, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }
}
