/// A field whose distinct values a store lists once and numbers from 1. The raw value is the field's number in every store and its
/// lane in ``DimensionCodes``; it never changes.
@frozen
package enum CodedField: UInt8, CaseIterable, Sendable {
  case source, model, stage, method, language, region
  /// The format and the names of what a guard said in its own words; 0 for a verdict that was not read from a reply, or that names
  /// nothing. Written as ``NativeNameText`` does.
  case nativeNames

  package var lane: Int { Int(rawValue) }

  package var name: String { self == .nativeNames ? "native names" : Dimension.names[Int(rawValue)] }

  /// What a row of a ``VerdictBatch`` has for the first of the batch's values: 0 stands for none where a verdict may have none.
  package var firstInBatch: Int { self == .nativeNames ? 1 : 0 }
}

extension Dimension {
  package var field: CodedField { CodedField.allCases[Int(rawValue)] }
}
