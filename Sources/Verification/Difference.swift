/// One place where what a store says is not what its verdicts say.
package struct Difference: Sendable, Equatable, CustomStringConvertible {
  /// What was looked at and what was found, in a line.
  package var description: String

  init(_ description: String) { self.description = description }

  init(_ what: String, stored: some BinaryInteger, recounted: some BinaryInteger) {
    description = "\(what): stored \(stored), recounted \(recounted)"
  }
}
