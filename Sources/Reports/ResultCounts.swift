import Statistics

/// Verdicts by result, and the ratios that the contract defines over them.
package struct ResultCounts: Equatable, Sendable {
  package var safe: Int64
  package var controversial: Int64
  package var unsafe: Int64
  package var error: Int64

  package init(safe: Int64 = 0, controversial: Int64 = 0, unsafe: Int64 = 0, error: Int64 = 0) {
    self.safe = safe
    self.controversial = controversial
    self.unsafe = unsafe
    self.error = error
  }

  /// - Parameter counts: a group's; the first four are its verdicts by result.
  init(_ counts: ArraySlice<Int64>) {
    let base = counts.startIndex
    self.init(safe: counts[base], controversial: counts[base + 1], unsafe: counts[base + 2], error: counts[base + 3])
  }

  package mutating func add(_ other: ResultCounts) {
    safe += other.safe
    controversial += other.controversial
    unsafe += other.unsafe
    error += other.error
  }

  package var evaluated: Int64 { safe + controversial + unsafe }
  package var flagged: Int64 { controversial + unsafe }
  package var total: Int64 { evaluated + error }

  /// Nil where nothing was evaluated, as is the loose one.
  package var safeRatio: Double? { Ratio.of(safe, in: evaluated) }
  package var looseSafeRatio: Double? { Ratio.of(safe + controversial, in: evaluated) }
  package var errorRatio: Double? { Ratio.of(error, in: total) }
}
