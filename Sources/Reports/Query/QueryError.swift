import Verdicts

/// A question that was asked wrongly: what is wrong, and what would be right.
package struct QueryError: Error, Sendable, Equatable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }

  package static func unknownDimension(_ name: String) -> QueryError {
    QueryError("there is no dimension \(name); dimensions are \(Dimension.names.joined(separator: ", "))")
  }
}
