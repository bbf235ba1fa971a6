import Verdicts

/// A question that was asked wrongly: what is wrong, and what would be right.
package struct QueryError: Error, Sendable, Equatable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }

  /// A name that is none of those listed.
  ///
  /// - Parameters:
  ///   - kind: what it would name.
  ///   - plural: how the list is announced.
  package static func unknown(_ kind: String, _ name: String, among names: [String], _ plural: String) -> QueryError {
    let nearest = NearestNames.of(name, among: names)
    return QueryError(
      "there is no \(kind) \(name)" + (nearest.isEmpty ? "" : "; nearest: \(nearest.joined(separator: ", "))")
        + "; \(plural) are \(names.joined(separator: ", "))")
  }

  package static func unknownDimension(_ name: String) -> QueryError { unknown("dimension", name, among: Dimension.names, "dimensions") }

  package static func unknownZone(_ name: String) -> QueryError {
    let nearest = Zone.nearestNames(to: name)
    return QueryError(
      "there is no time zone \(name); " + (nearest.isEmpty ? "give an IANA name such as Asia/Kolkata or America/New_York" : "nearest: \(nearest.joined(separator: ", "))"))
  }
}
