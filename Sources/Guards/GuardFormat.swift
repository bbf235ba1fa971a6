package import JSONReading
package import Verdicts

/// One format of `guards.json`: how a guard writes, and what its words stand for.
package struct GuardFormat: Sendable {
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
    var spelling: [UInt8]
  }

  /// A named field of a reply.
  struct Field: Sendable {
    enum Role: String, Sendable {
      case verdict, prompt, response, categories, refusal
    }

    var role: Role
    var spellings: [[UInt8]]
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
    var spelling: [UInt8]
    var titleSpelling: [UInt8]
  }

  /// What may follow a first word.
  enum Rest: String, Sendable {
    case nothing, confidence, reasoning
  }

  /// The index in ``GuardCatalog/formats``.
  package var index = 0
  package var name = ""
  package var shape = Shape.fieldLines
  /// What a reply looks like, and what decides its verdict, in a line each.
  package var grammar = ""
  package var rule = ""
  /// The members of `context` that are looked at.
  package var context: [String] = []
  package var categories: [Category] = []
  package var source = ""
  /// The day after which the service is said to be gone, or nil.
  package var endOfLife: String?
  package var thresholds: Thresholds?
  package var scale: ThresholdScale?
  package var labels: [Label] = []
  var notApplicable: [[UInt8]] = []
  var fields: [Field] = []
  /// The member of the context that says what the guard was asked, and what stands for it.
  var asked: (member: String, standard: String?)?
  var rest = Rest.nothing
  /// Whether each result must say `flagged`.
  var hasFlagged = false
  /// Attributes that are known and have no type.
  var unmapped: [[UInt8]] = []
  var blockingReasons: [[UInt8]] = []
  var harmlessReasons: [[UInt8]] = []

  /// Names of a format at the most: a set of them is a word of bits, the highest of which stands for all others.
  static let categoriesMax = 63

  /// Whether the guard writes text, and not an object.
  package var writesText: Bool {
    switch shape {
    case .fieldLines, .labelAndCodes, .firstWord, .scoreElement, .nameList, .policyViolation: true
    default: false
    }
  }

  /// The verdict that a word states, or nil.
  @inline(__always)
  func verdict(of word: Bytes) -> Verdict? {
    for label in labels where word.matches(label.spelling) { return label.verdict }
    return nil
  }

  func isNotApplicable(_ word: Bytes) -> Bool { notApplicable.contains { word.matches($0) } }

  /// The index of the category of a name, or nil for a name that is not listed.
  @inline(__always)
  func category(of name: Bytes) -> Int? {
    for index in categories.indices where name.matches(categories[index].spelling) { return index }
    return nil
  }

  /// Whether a listed name begins with this one and goes on: a name that was cut there may have been another.
  func isBeginning(_ name: Bytes) -> Bool {
    categories.contains { category in
      category.spelling.count > name.count && category.spelling.withUnsafeBufferPointer { $0.part(0..<name.count) }.elementsEqual(name.lazy.map(\.lowercase))
    }
  }
}

/// From which score on a verdict is controversial and unsafe.
package struct Thresholds: Sendable {
  /// Nil where nothing is controversial.
  package var controversial: DecimalNumber?
  package var unsafe: DecimalNumber

  /// The verdict of a score.
  func verdict(of score: DecimalNumber) -> Verdict {
    if score.isAtLeast(unsafe) { return .unsafe }
    if let controversial, score.isAtLeast(controversial) { return .controversial }
    return .safe
  }
}

/// The scores that a service gives: numbers from one to another, or names in ascending order.
package enum ThresholdScale: Sendable {
  case numbers(from: DecimalNumber, to: DecimalNumber)
  case names([String])

  /// The score of a setting's text, or nil where the scale does not have it.
  package func score(of text: String) -> DecimalNumber? {
    switch self {
    case .names(let names):
      return names.firstIndex(of: text).flatMap { DecimalNumber(text: String($0)) }
    case .numbers(let from, let to):
      guard let number = DecimalNumber(text: text), !number.isNegative, number.isAtLeast(from), to.isAtLeast(number) else { return nil }
      return number
    }
  }
}

extension DecimalNumber {
  init?(text: String) {
    let bytes = Array(text.utf8)
    guard let number = bytes.withUnsafeBufferPointer({ DecimalNumber(json: $0) }) else { return nil }
    self = number
  }
}
