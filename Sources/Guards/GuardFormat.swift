import JSONReading
package import Verdicts

/// One format of `guards.json`: how a guard writes, and what its words stand for. A class, for it is handed from reader to reader and
/// copying its lists' references would cost more than reading a reply.
package final class GuardFormat: Sendable {
  /// How a reply is laid out. Formats of one shape differ in their words alone, which are data.
  package enum Shape: String, CaseIterable, Sendable {
    case fieldLines = "field-lines"
    case fieldObject = "field-object"
    case tokenLevels = "token-levels"
    case labelAndCodes = "label-and-codes"
    case firstWord = "first-word"
    case scoreElement = "score-element"
    case nameList = "name-list"
    case moderationResults = "moderation-results"
    case severities
    case attackDetection = "attack-detection"
    case guardrailAssessments = "guardrail-assessments"
    case filterMatches = "filter-matches"
    case safetyRatings = "safety-ratings"
    case attributeScores = "attribute-scores"
    case policyViolation = "policy-violation"
    case chatCompletion = "chat-completion"
  }

  /// A word that states a verdict.
  package struct Label: Sendable {
    package var text: String
    package var verdict: Verdict
    var spelling: Spelling
  }

  /// A named field of a reply.
  struct Field: Sendable {
    enum Role: String, Sendable {
      case verdict, prompt, response, categories, refusal
    }

    var role: Role
    var spellings: [Spelling]
    var isRequired: Bool
  }

  /// A name that the guard gives to what it found.
  package struct Category: Sendable {
    package var native: String
    /// In the order of the file; empty for a name that says there is nothing.
    package var types: [RiskType]
    var typeSet: RiskTypeSet
    /// What a code stands for, or nil.
    package var title: String?
    /// `broad` or `lossy` where the types do not say the same; else nil.
    package var fit: String?
    var spelling: Spelling
    var titleSpelling: Spelling?

    init(_ value: JSONValue, of format: String) throws {
      // These would tear the text under which a store keeps a set of names.
      guard let native = value["native"]?.string, !native.contains(where: { "|=".contains($0) }) else {
        throw GuardCatalog.Fault(description: "\(format): a category lacks its name, or has | or = in it")
      }
      self.native = native
      types = try GuardCatalog.strings(value["types"]).map { name in
        guard let type = RiskType(name: name) else { throw GuardCatalog.Fault(description: "\(format): there is no risk type \(name)") }
        return type
      }
      typeSet = RiskTypeSet(types)
      title = value["name"]?.string
      fit = value["fit"]?.string
      spelling = Spelling(native)
      titleSpelling = title.map { Spelling($0) }
    }
  }

  /// What may follow a first word.
  enum Rest: String, Sendable {
    case nothing, confidence, reasoning
  }

  /// The index in ``GuardCatalog/formats``.
  package let index: Int
  package let name: String
  package let shape: Shape
  package let categories: [Category]
  package let labels: [Label]
  let fields: [Field]
  let notApplicable: [Spelling]
  /// What a reply looks like, and what decides its verdict, in a line each.
  package let grammar: String
  package let rule: String
  /// The members of `context` that are looked at.
  package let context: [String]
  package let source: String
  /// The day after which the service is said to be gone, or nil.
  package let endOfLife: String?
  package let thresholds: Thresholds?
  package let scale: ThresholdScale?
  /// The member of the context that says what the guard was asked, and what stands for it.
  let asked: (member: String, standard: String?)?
  let rest: Rest
  /// Whether each result must say `flagged`.
  let hasFlagged: Bool
  let blockingReasons: [Spelling]
  let harmlessReasons: [Spelling]

  /// - Throws: ``GuardCatalog/Fault`` where the file does not say what it must.
  init(_ value: JSONValue, index: Int, before: [GuardFormat]) throws {
    guard let name = value["name"]?.string, let shape = value["shape"]?.string.flatMap(Shape.init(rawValue:)) else {
      throw GuardCatalog.Fault(description: "format \(index + 1) lacks a name, or has no known shape")
    }
    func spellings(_ member: StaticString) -> [Spelling] { GuardCatalog.strings(value[member]).map { Spelling($0) } }
    self.index = index
    self.name = name
    self.shape = shape
    grammar = value["grammar"]?.string ?? ""
    rule = value["rule"]?.string ?? ""
    source = value["source"]?.string ?? ""
    context = GuardCatalog.strings(value["context"])
    endOfLife = value["end_of_life"]?.string
    notApplicable = spellings("not_applicable")
    blockingReasons = spellings("blocking_reasons")
    harmlessReasons = spellings("harmless_reasons")
    hasFlagged = value["flagged"]?.string == "required"
    rest = value["rest"]?.string.flatMap(Rest.init(rawValue:)) ?? .nothing
    asked = value["asked"].flatMap { asked in asked["context"]?.string.map { ($0, asked["default"]?.string) } }
    labels = try value["labels"].elements.map { pair in
      let texts = GuardCatalog.strings(pair)
      guard texts.count == 2, let verdict = Verdict.names.firstIndex(of: texts[1]) else {
        throw GuardCatalog.Fault(description: "\(name): a label is no pair of word and verdict")
      }
      return Label(text: texts[0], verdict: Verdict.allCases[verdict], spelling: Spelling(texts[0]))
    }
    fields = try value["fields"].elements.map { field in
      guard let role = field["role"]?.string.flatMap(Field.Role.init(rawValue:)) else {
        throw GuardCatalog.Fault(description: "\(name): a field has no known role")
      }
      return Field(
        role: role, spellings: GuardCatalog.strings(field["names"]).map { Spelling($0) }, isRequired: field["required"]?.bool ?? false)
    }
    if let other = value["categories"]?.string {
      guard let source = before.first(where: { $0.name == other }) else {
        throw GuardCatalog.Fault(description: "\(name): no format \(other) stands before it")
      }
      categories = source.categories
    } else {
      categories = try value["categories"].elements.map { try Category($0, of: name) }
    }
    guard categories.count <= Self.categoriesMax else {
      throw GuardCatalog.Fault(description: "\(name) has more than \(Self.categoriesMax) categories")
    }
    scale = value["scale"].map { ThresholdScale($0) }
    thresholds = try Thresholds(value["thresholds"], on: scale, of: name)
  }

  /// Names of a format at the most: a set of them is a word of bits, the highest of which stands for all others.
  static let categoriesMax = 63

  /// Whether the guard writes text, and not an object.
  package var writesText: Bool {
    switch shape {
    case .fieldLines, .labelAndCodes, .firstWord, .scoreElement, .nameList, .policyViolation: true
    default: false
    }
  }

  /// Whether its grammar lets prose stand around a verdict.
  var writesProse: Bool { shape == .scoreElement || shape == .firstWord && rest == .reasoning }

  /// The verdict that a word states, or nil.
  @inline(__always)
  func verdict(of word: Bytes) -> Verdict? {
    let head = word.head
    for label in labels where word.matches(label.spelling, head: head) { return label.verdict }
    return nil
  }

  func isNotApplicable(_ word: Bytes) -> Bool { notApplicable.contains { word.matches($0) } }

  /// The index of the category of a name, or nil for a name that is not listed.
  @inline(__always)
  func category(of name: Bytes) -> Int? {
    let head = name.head
    for index in categories.indices where name.matches(categories[index].spelling, head: head) { return index }
    return nil
  }

  /// Whether a listed name begins with this one and goes on: a name that was cut there may have been another.
  func isBeginning(_ name: Bytes) -> Bool {
    categories.contains { category in
      category.spelling.count > name.count && category.spelling.bytes.starts(with: name.lazy.map(\.lowercase))
    }
  }
}
