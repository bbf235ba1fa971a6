import JSONReading
import Verdicts

/// The formats and taxonomies of `guards.json`, which the build puts into the program.
package struct GuardCatalog: Sendable {
  package let formats: [GuardFormat]
  package let taxonomies: [Taxonomy]
  let closingTokens: [[UInt8]]
  let refusalOpenings: [[UInt8]]

  package static let standard: GuardCatalog = {
    do {
      return try GuardCatalog(json: Array(EmbeddedFiles.texts["guards.json", default: ""].utf8))
    } catch {
      preconditionFailure("guards.json: \(error)")
    }
  }()

  /// What is wrong with the file, for those who change it.
  struct Fault: Error, CustomStringConvertible {
    var description: String
  }

  package func format(named name: some Sequence<UInt8>) -> GuardFormat? {
    formats.first { $0.name.utf8.elementsEqual(name) }
  }

  package func format(named name: String) -> GuardFormat? { format(named: name.utf8) }

  package func taxonomy(named name: String) -> Taxonomy? { taxonomies.first { $0.name == name } }

  /// The names most like one that is no format, for a message; at most three.
  package func nearestNames(to name: some Sequence<UInt8>) -> [String] {
    NearestNames.of(String(decoding: Array(name.prefix(64)), as: UTF8.self), among: formats.map(\.name))
  }

  // MARK: - Reading the file

  init(json: [UInt8]) throws {
    let document = JSONDocument(nestingMax: 16)
    let root = try json.withUnsafeBufferPointer { try document.read($0) }
    guard !document.repeatsName else { throw Fault(description: "an object has a member twice") }
    closingTokens = Self.strings(root["closing_tokens"]).map { Array($0.utf8) }
    refusalOpenings = Self.strings(root["refusal_openings"]).map(\.lowercaseBytes)
    taxonomies = try root["taxonomies"].map { try $0.members.map { try Taxonomy(name: String(decoding: $0.name, as: UTF8.self), $0.value) } } ?? []
    var formats: [GuardFormat] = []
    for value in root["formats"].elements {
      var format = try Self.format(value, before: formats)
      format.index = formats.count
      formats.append(format)
    }
    self.formats = formats
  }

  static func strings(_ value: JSONValue?) -> [String] { value.map { $0.elements.compactMap(\.string) } ?? [] }

  private static func format(_ value: JSONValue, before: [GuardFormat]) throws -> GuardFormat {
    var format = GuardFormat()
    guard let name = value["name"]?.string, let shape = value["shape"]?.string.flatMap(GuardFormat.Shape.init(rawValue:)) else {
      throw Fault(description: "format \(before.count + 1) lacks a name, or has no known shape")
    }
    format.name = name
    format.shape = shape
    format.grammar = value["grammar"]?.string ?? ""
    format.rule = value["rule"]?.string ?? ""
    format.source = value["source"]?.string ?? ""
    format.context = strings(value["context"])
    format.endOfLife = value["end_of_life"]?.string
    format.notApplicable = strings(value["not_applicable"]).map(\.lowercaseBytes)
    format.unmapped = strings(value["unmapped"]).map(\.lowercaseBytes)
    format.blockingReasons = strings(value["blocking_reasons"]).map(\.lowercaseBytes)
    format.harmlessReasons = strings(value["harmless_reasons"]).map(\.lowercaseBytes)
    format.hasFlagged = value["flagged"]?.string == "required"
    format.rest = value["rest"]?.string.flatMap(GuardFormat.Rest.init(rawValue:)) ?? .nothing
    if let asked = value["asked"], let member = asked["context"]?.string { format.asked = (member, asked["default"]?.string) }
    for pair in value["labels"].elements {
      let texts = strings(pair)
      guard texts.count == 2, let verdict = Verdict.names.firstIndex(of: texts[1]) else { throw Fault(description: "\(name): a label is no pair of word and verdict") }
      format.labels.append(GuardFormat.Label(text: texts[0], verdict: Verdict.allCases[verdict], spelling: texts[0].lowercaseBytes))
    }
    for field in value["fields"].elements {
      guard let role = field["role"]?.string.flatMap(GuardFormat.Field.Role.init(rawValue:)) else { throw Fault(description: "\(name): a field has no known role") }
      format.fields.append(
        GuardFormat.Field(role: role, spellings: strings(field["names"]).map(\.lowercaseBytes), isRequired: field["required"]?.bool ?? false))
    }
    if let other = value["categories"]?.string {
      guard let source = before.first(where: { $0.name == other }) else { throw Fault(description: "\(name): no format \(other) stands before it") }
      format.categories = source.categories
    } else {
      format.categories = try (value["categories"].elements).map { try category($0, of: name) }
    }
    guard format.categories.count <= GuardFormat.categoriesMax else { throw Fault(description: "\(name) has more than \(GuardFormat.categoriesMax) categories") }
    try readThresholds(value, of: &format)
    return format
  }

  private static func category(_ value: JSONValue, of name: String) throws -> GuardFormat.Category {
    let types = try strings(value["types"]).map { type in
      guard let type = RiskType(name: type) else { throw Fault(description: "\(name): there is no risk type \(type)") }
      return type
    }
    // These would tear the text under which a store keeps a set of names.
    guard let native = value["native"]?.string, !native.contains(where: { "|=".contains($0) }) else {
      throw Fault(description: "\(name): a category lacks its name, or has | or = in it")
    }
    let title = value["name"]?.string
    return GuardFormat.Category(
      native: native, types: types, typeSet: RiskTypeSet(types), title: title, fit: value["fit"]?.string, spelling: native.lowercaseBytes,
      titleSpelling: title?.lowercaseBytes ?? [])
  }

  private static func readThresholds(_ value: JSONValue, of format: inout GuardFormat) throws {
    guard let thresholds = value["thresholds"] else { return }
    if let scale = value["scale"] {
      if let from = scale["from"]?.string.flatMap(DecimalNumber.init(text:)), let to = scale["to"]?.string.flatMap(DecimalNumber.init(text:)) {
        format.scale = .numbers(from: from, to: to)
      } else {
        format.scale = .names(strings(scale["names"]))
      }
    }
    guard let unsafe = thresholds["unsafe"]?.string.flatMap({ format.scale?.score(of: $0) }) else {
      throw Fault(description: "\(format.name): the threshold of unsafe is not on the scale")
    }
    format.thresholds = Thresholds(controversial: thresholds["controversial"]?.string.flatMap { format.scale?.score(of: $0) }, unsafe: unsafe)
  }
}
