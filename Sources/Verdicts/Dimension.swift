/// A property by which verdicts are grouped. The raw value is the dimension's number in every store and its lane in
/// ``DimensionCodes``; it never changes.
@frozen
package enum Dimension: UInt8, CaseIterable, Sendable {
  case source, model, stage, method, language, region

  /// The lane in ``DimensionCodes``: the raw value, written out so that it costs nothing where it is a constant.
  @inlinable
  package var lane: Int {
    switch self {
    case .source: 0
    case .model: 1
    case .stage: 2
    case .method: 3
    case .language: 4
    case .region: 5
    }
  }

  package static let names = ["source", "model", "stage", "method", "language", "region"]
  package var name: String { Self.names[Int(rawValue)] }

  package init?(name: some StringProtocol) {
    guard let index = Self.names.firstIndex(where: { $0 == name }) else { return nil }
    self = Self.allCases[index]
  }

  /// What a record without the field has.
  package var defaultValue: String {
    switch self {
    case .source: "default"
    case .model: "unknown"
    case .stage: "unknown"
    case .method: "judge"
    case .language: LanguageTag.undetermined
    case .region: RegionCode.unknown
    }
  }

  /// A dimension value is 1 to this many bytes of UTF-8.
  package static let valueBytesMax = 64
}

/// The codes of a verdict's dimension values, a lane per ``Dimension``; lane 6 has the native names (``CodedField``), lane 7 is 0.
///
/// A store numbers the values of each dimension from 1; the codes of `stage` are ``Stage``'s raw values everywhere. A
/// vector, because grouping compares and hashes whole sets of dimensions at once.
package typealias DimensionCodes = SIMD8<UInt32>
