package import JSONReading
import Verdicts

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

extension Thresholds {
  init?(_ value: JSONValue?, on scale: ThresholdScale?, of format: String) throws {
    guard let value, let scale else { return nil }
    guard let unsafe = value["unsafe"]?.string.flatMap(scale.score) else {
      throw GuardCatalog.Fault(description: "\(format): the threshold of unsafe is not on the scale")
    }
    self.init(controversial: value["controversial"]?.string.flatMap(scale.score), unsafe: unsafe)
  }
}

/// The scores that a service gives: numbers from one to another, or names in ascending order.
package enum ThresholdScale: Sendable {
  case numbers(from: DecimalNumber, to: DecimalNumber)
  case names([String])

  init(_ value: JSONValue) {
    if let from = value["from"]?.string.flatMap(DecimalNumber.init(text:)), let to = value["to"]?.string.flatMap(DecimalNumber.init(text:)) {
      self = .numbers(from: from, to: to)
    } else {
      self = .names(GuardCatalog.strings(value["names"]))
    }
  }

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
