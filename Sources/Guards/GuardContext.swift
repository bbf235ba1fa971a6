package import JSONReading
package import Verdicts

/// What only the caller of a guard knows.
package final class GuardContext: Sendable {
  /// What was judged, where it was said.
  package let stage: Stage?
  /// What the guard was asked about.
  let policy: [UInt8]?
  let risk: [UInt8]?
  /// The format inside an envelope.
  package let guardFormat: Int?
  /// The caller's own rules, and the types that they stand for.
  let categories: [(rule: [UInt8], types: [RiskType])]

  package static let members = ["stage", "policy", "risk", "guard", "categories"]

  /// Nothing is known.
  package static let none = GuardContext()

  private init() {
    stage = nil
    policy = nil
    risk = nil
    guardFormat = nil
    categories = []
  }

  /// Reads a `context`, over what stands for members that it lacks.
  ///
  /// - Throws: `badType`, `badValue`, or `unknownFormat` for a `guard` that is no format, or is itself an envelope.
  package init(_ value: JSONValue, over standard: GuardContext = .none) throws(RejectionCode) {
    guard value.isNull || value.kind == .object else { throw .badType }
    if value.document.repeatsName { throw .duplicateField }
    stage = try Self.text(value["stage"]).map { text throws(RejectionCode) in
      guard let index = Stage.names.firstIndex(where: { $0.utf8.elementsEqual(text) }) else { throw .badValue }
      return Stage.allCases[index]
    } ?? standard.stage
    policy = try Self.text(value["policy"]).map { Array($0) } ?? standard.policy
    risk = try Self.text(value["risk"]).map { Array($0) } ?? standard.risk
    guardFormat = try Self.text(value["guard"]).map { name throws(RejectionCode) in
      guard let format = GuardCatalog.standard.format(named: name), format.shape != .chatCompletion else { throw .unknownFormat }
      return format.index
    } ?? standard.guardFormat
    if let rules = value["categories"], !rules.isNull { categories = try Self.rules(rules) } else { categories = standard.categories }
  }

  /// Reads the text of a `context` that stands for all records: there a member that nobody knows is a slip.
  package convenience init(json text: [UInt8]) throws(RejectionCode) {
    let document = JSONDocument(nestingMax: 16)
    let value = try text.withUnsafeBufferPointer { bytes throws(RejectionCode) in try document.read(bytes) }
    for (name, _) in value.members where !Self.members.contains(where: { $0.utf8.elementsEqual(name) }) { throw .badValue }
    try self.init(value)
  }

  /// The formats that may have been meant by a `guard` that is none.
  package static func nearestGuards(in value: JSONValue) -> [String] {
    value["guard"]?.text.map { GuardCatalog.standard.nearestNames(to: $0) } ?? []
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
        guard let type = RiskType.allCases.first(where: { text.matches(Spelling($0.name)) }) else { throw .badValue }
        types.append(type)
      }
      rules.append((Array(rule), types))
    }
    return rules
  }

  /// What the guard was asked about, by the name of the member.
  func asked(_ member: String) -> [UInt8]? { member == "policy" ? policy : risk }
}
