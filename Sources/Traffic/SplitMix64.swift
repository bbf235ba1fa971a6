/// A small generator of pseudo-random numbers with a documented sequence (G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014), so that a seed means the same for ever.
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// A number from 0 to `bound - 1`; the bias is below 2^-32 for the small bounds used here.
  mutating func below(_ bound: UInt64) -> UInt64 {
    bound.multipliedFullWidth(by: next()).high
  }
}
