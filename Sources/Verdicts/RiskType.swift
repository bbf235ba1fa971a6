/// One of the 16 canonical risk types, or `other`. The raw value is the bit in a ``RiskTypeSet``; it never changes.
@frozen
package enum RiskType: UInt8, CaseIterable, Sendable {
  case violence, weapons, illegalActivity, sexualContent, sexCrimes, childExploitation, selfHarm, hate, harassment
  case privacy, intellectualProperty, defamation, political, specializedAdvice, unethical, promptAttack
  /// Named by a guard but not one of the canonical types, or flagged without a type.
  case other

  package static let names = [
    "violence", "weapons", "illegal_activity", "sexual_content", "sex_crimes", "child_exploitation", "self_harm", "hate",
    "harassment", "privacy", "intellectual_property", "defamation", "political", "specialized_advice", "unethical",
    "prompt_attack", "other",
  ]
  package static let count = 17

  package var name: String { Self.names[Int(rawValue)] }

  /// The type of a canonical name in exactly its form.
  package init?(name: String) {
    guard let index = Self.names.firstIndex(of: name) else { return nil }
    self = Self.allCases[index]
  }

  /// All types in the bytewise order of their names, as reports list them.
  package static let inNameOrder: [RiskType] = allCases.sorted { $0.name < $1.name }
}

/// The set of risk types of one verdict: a verdict with two types is still one verdict.
@frozen
package struct RiskTypeSet: Hashable, Sendable {
  package var bits: UInt32

  @inlinable
  package init(bits: UInt32 = 0) { self.bits = bits }

  package init(_ types: some Sequence<RiskType>) {
    bits = 0
    for type in types { insert(type) }
  }

  package static let all = RiskTypeSet(bits: (1 << UInt32(RiskType.count)) - 1)

  @inlinable
  package var isEmpty: Bool { bits == 0 }

  @inlinable
  package mutating func insert(_ type: RiskType) { bits |= 1 << UInt32(type.rawValue) }

  @inlinable
  package func contains(_ type: RiskType) -> Bool { bits & (1 << UInt32(type.rawValue)) != 0 }
}
