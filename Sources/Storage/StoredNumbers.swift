package import Verdicts

extension Timestamp {
  /// A time that can be one (1970 to 9999), or nil: arithmetic on anything else could overflow.
  package init?(stored microseconds: Int64) {
    guard (0..<253_402_300_800_000_000).contains(microseconds) else { return nil }
    self.init(microseconds: microseconds)
  }
}

/// Counts that a store keeps.
package enum StoredCount {
  /// Below 2^56, which a sum of microseconds reaches after two thousand years of latency.
  package static func isPossible(_ number: Int64) -> Bool { (0..<1 << 56).contains(number) }
}
