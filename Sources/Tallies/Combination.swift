package import Verdicts

/// A set of dimensions for which tallies are kept. The raw value is part of the key under which a store keeps them.
package enum Combination: UInt8, CaseIterable, Sendable {
  case overall
  case source, model, stage, method, language, region
  case languageRegion
  case deployment

  /// In the order of the contract's dimensions, which is the order of a cell's codes.
  package var dimensions: [Dimension] {
    switch self {
    case .overall: []
    case .source: [.source]
    case .model: [.model]
    case .stage: [.stage]
    case .method: [.method]
    case .language: [.language]
    case .region: [.region]
    case .languageRegion: [.language, .region]
    case .deployment: [.source, .model, .stage, .method]
    }
  }

  package var name: String {
    self == .overall ? "overall" : dimensions.map(\.name).joined(separator: " x ")
  }

  /// The combination with the fewest dimensions that has all of these, or nil where only the verdicts can answer.
  package static func covering(_ wanted: Set<Dimension>) -> Combination? {
    allCases.filter { wanted.isSubset(of: $0.dimensions) }.min { $0.dimensions.count < $1.dimensions.count }
  }
}
