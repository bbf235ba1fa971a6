package import Verdicts

/// What a reply says, in the words that all guards share.
package struct GuardReply: Sendable {
  package var verdict: Verdict
  /// `absent` for every verdict but `error`.
  package var errorCause = ErrorCause.absent
  package var refusal = Refusal.absent
  package var names = NativeNames()
  /// Of the envelope; at most ``Dimension/valueBytesMax`` bytes are of use.
  package var model: [UInt8]?
  /// Microseconds as the envelope has them, or nil.
  package var latency: Int64?

  init(_ verdict: Verdict) { self.verdict = verdict }

  static func error(_ cause: ErrorCause) -> GuardReply {
    var reply = GuardReply(.error)
    reply.errorCause = cause
    return reply
  }

  static let unreadable = error(.unreadable)

  /// The canonical types: those of the names, and `other` for a flagged verdict that names none. An error has none.
  package var riskTypes: RiskTypeSet {
    if verdict == .error { return RiskTypeSet() }
    let types = names.types
    return types.isEmpty && verdict.isFlagged ? RiskTypeSet(bits: 1 << UInt32(RiskType.other.rawValue)) : types
  }

  /// The same in order of first mention.
  package func orderedRiskTypes(in format: GuardFormat) -> [RiskType] {
    var left = riskTypes
    var ordered: [RiskType] = []
    for types in names.mentions(in: format).map(\.types) + [RiskType.allCases] {
      for type in types where left.contains(type) {
        left.bits &= ~(1 << UInt32(type.rawValue))
        ordered.append(type)
      }
    }
    return ordered
  }
}

/// The set of names by which a guard said what it found, in order of first mention.
package struct NativeNames: Sendable {
  /// The format whose names they are.
  package private(set) var format = 0
  /// A bit for each listed name, and the highest for names that are not listed.
  package private(set) var bits: UInt64 = 0
  /// The types of all of them.
  package private(set) var types = RiskTypeSet()
  /// The types of those that are not listed, five bits each from 1 on, the first in the lowest place: a set of names is copied with
  /// every reply, so it holds no references.
  private var unlistedOrder: UInt64 = 0
  /// How many names were not listed, nor mapped by the caller.
  package private(set) var unlistedCount = 0
  /// The names' places, of as many as there is room for; others follow in the order of the list.
  private var order = SIMD16<UInt8>(repeating: 0)
  package private(set) var count = 0

  /// What stands for a name that is not listed: it is text of the guard's and may quote what it judged.
  package static let unlisted = "(unlisted)"
  private static let unlistedIndex: UInt8 = 63

  init() {}

  package var isEmpty: Bool { count == 0 }

  /// Adds a listed name. One that stands for nothing ("None") is none.
  @inline(__always)
  mutating func mention(_ category: Int, of format: GuardFormat) {
    let types = format.categories[category].typeSet
    if types.isEmpty { return }
    add(UInt8(category), of: format)
    self.types.bits |= types.bits
  }

  /// Adds a name that is not listed.
  ///
  /// - Parameter types: what the caller maps it to, or nil.
  mutating func mentionUnlisted(types: [RiskType]? = nil, of format: GuardFormat) {
    if types == nil { unlistedCount += 1 }
    add(Self.unlistedIndex, of: format)
    let mapped = types.flatMap { $0.isEmpty ? nil : $0 } ?? [.other]
    for type in mapped where !unlistedTypes.contains(type) && unlistedOrder >> 55 == 0 {
      unlistedOrder |= UInt64(type.rawValue + 1) << UInt64(5 * unlistedTypes.count)
    }
    self.types.bits |= RiskTypeSet(mapped).bits
  }

  private mutating func add(_ index: UInt8, of format: GuardFormat) {
    self.format = format.index
    if bits & 1 << UInt64(index) != 0 { return }
    bits |= 1 << UInt64(index)
    if count < SIMD16<UInt8>.scalarCount { order[count] = index }
    count += 1
  }

  /// The names with their types, in order of first mention.
  package func mentions(in format: GuardFormat) -> [(name: String, types: [RiskType])] {
    let inOrder = (0..<min(count, SIMD16<UInt8>.scalarCount)).map { order[$0] }
    return (inOrder + places.filter { !inOrder.contains($0) }).map { mention($0, format) }
  }

  /// The same, in the order of the list.
  package func sorted(in format: GuardFormat) -> [(name: String, types: [RiskType])] {
    places.map { mention($0, format) }
  }

  private var places: [UInt8] { (0..<64).filter { bits & 1 << UInt64($0) != 0 } }

  /// A number for the types of the names that are not listed.
  package var unlistedTypesKey: UInt64 { unlistedOrder }

  /// The types of the names that are not listed, in order of first mention.
  package var unlistedTypes: [RiskType] {
    var types: [RiskType] = []
    var rest = unlistedOrder
    while rest != 0 {
      types.append(RiskType.allCases[Int(rest & 31) - 1])
      rest >>= 5
    }
    return types
  }

  private func mention(_ index: UInt8, _ format: GuardFormat) -> (name: String, types: [RiskType]) {
    guard index != Self.unlistedIndex else { return (Self.unlisted, unlistedTypes) }
    return (format.categories[Int(index)].native, format.categories[Int(index)].types)
  }
}
