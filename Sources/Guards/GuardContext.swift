package import JSONReading
package import Verdicts

/// What only the caller of a guard knows.
package struct GuardContext: Sendable {
  /// What was judged, where it was said.
  package var stage: Stage?
  /// What the guard was asked about.
  var policy: [UInt8]?
  var risk: [UInt8]?
  /// The format inside an envelope.
  package var guardFormat: Int?
  /// The caller's own rules, and the types that they stand for.
  var categories: [(rule: [UInt8], types: [RiskType])] = []

  package static let members = ["stage", "policy", "risk", "guard", "categories"]

  package init() {}

  /// Reads a `context`, over what stands for members that it lacks.
  ///
  /// - Throws: `badType`, `badValue`, or `unknownFormat` for a `guard` that is no format, or is itself an envelope.
  package init(_ value: JSONValue, over standard: GuardContext = GuardContext()) throws(RejectionCode) {
    self = standard
    if value.isNull { return }
    guard value.kind == .object, !value.document.repeatsName else { throw value.kind == .object ? .duplicateField : .badType }
    if let text = try Self.text(value["stage"]) {
      guard let index = Stage.names.firstIndex(where: { $0.utf8.elementsEqual(text) }) else { throw .badValue }
      stage = Stage.allCases[index]
    }
    policy = try Self.text(value["policy"]).map { Array($0) } ?? policy
    risk = try Self.text(value["risk"]).map { Array($0) } ?? risk
    if let name = try Self.text(value["guard"]) {
      guard let format = GuardCatalog.standard.format(named: name), format.shape != .chatCompletion else { throw .unknownFormat }
      guardFormat = format.index
    }
    if let rules = value["categories"], !rules.isNull { categories = try Self.rules(rules) }
  }

  private static func text(_ value: JSONValue?) throws(RejectionCode) -> Bytes? {
    guard let value, !value.isNull else { return nil }
    guard let text = value.text else { throw .badType }
    return text.isEmpty ? nil : text
  }

  private static func rules(_ value: JSONValue) throws(RejectionCode) -> [(rule: [UInt8], types: [RiskType])] {
    guard value.kind == .object else { throw .badType }
    var rules: [(rule: [UInt8], types: [RiskType])] = []
    for (rule, names) in value.members {
      var types: [RiskType] = []
      for name in names.kind == .array ? names.elements : [names] {
        guard let text = name.text else { throw .badType }
        guard let type = RiskType.allCases.first(where: { text.matches($0.name.lowercaseBytes) }) else { throw .badValue }
        types.append(type)
      }
      rules.append((Array(rule), types))
    }
    return rules
  }

  /// What the guard was asked about, by the name of the member.
  func asked(_ member: String) -> [UInt8]? { member == "policy" ? policy : risk }
}
