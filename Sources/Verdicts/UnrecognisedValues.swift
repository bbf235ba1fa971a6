/// How many values of one record were not recognised, by field, in two bytes.
@frozen
package struct UnrecognisedValues: Hashable, Sendable {
  @usableFromInline var bits: UInt16 = 0

  @inlinable
  package init() {}

  /// Risk type names; counts up to 16,383 and stays there (a line holds no more within its bound but by abuse).
  @inlinable
  package var riskTypes: Int { Int(bits & 0x3FFF) }

  @inlinable
  package var language: Bool {
    get { bits & 0x4000 != 0 }
    set { bits = newValue ? bits | 0x4000 : bits & ~0x4000 }
  }

  @inlinable
  package var region: Bool {
    get { bits & 0x8000 != 0 }
    set { bits = newValue ? bits | 0x8000 : bits & ~0x8000 }
  }

  @inlinable
  package mutating func countRiskType() {
    if bits & 0x3FFF < 0x3FFF { bits += 1 }
  }

  @inlinable
  package var total: Int { riskTypes + (language ? 1 : 0) + (region ? 1 : 0) }
}
