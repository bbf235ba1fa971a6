package import Verdicts

/// Which tally: a combination of dimensions and a 15-minute bucket of event time.
package struct TallyKey: Hashable, Comparable, Sendable {
  package var combination: Combination
  /// Whole 15-minute steps since 1970.
  package var bucket: UInt32

  /// The grain at which tallies are kept for ever: every zone offset in use is a multiple of it.
  package static let grainMicroseconds: Int64 = 900_000_000

  package init(combination: Combination, bucket: UInt32) {
    self.combination = combination
    self.bucket = bucket
  }

  /// The one number under which stores keep a tally: combination in the high bits, so that a combination's buckets lie side
  /// by side in order of time.
  package var number: Int64 { Int64(combination.rawValue) << 32 | Int64(bucket) }

  /// Nil for a number that no tally has.
  package init?(number: Int64) {
    guard number >= 0, let raw = UInt8(exactly: number >> 32), let combination = Combination(rawValue: raw) else { return nil }
    self.init(combination: combination, bucket: UInt32(truncatingIfNeeded: number))
  }

  /// The day (UTC) that the bucket is of, days since 1970.
  package var day: UInt32 { Period.day(of: start) }

  package var start: Timestamp { Timestamp(microseconds: Int64(bucket) * Self.grainMicroseconds) }

  /// The bucket of an instant from 1970 on; an earlier one falls into the first.
  package static func bucket(of microseconds: Int64) -> UInt32 {
    UInt32(clamping: microseconds / grainMicroseconds)
  }

  /// The buckets that a span touches.
  package static func buckets(of span: Span) -> Range<UInt32> {
    guard !span.isEmpty else { return 0..<0 }
    let last = bucket(of: span.to.microseconds - 1)
    return bucket(of: span.from.microseconds)..<(last < .max ? last + 1 : last)
  }

  package static func < (left: TallyKey, right: TallyKey) -> Bool { left.number < right.number }
}
