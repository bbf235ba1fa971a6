package import Verdicts

/// What a period's verdicts are counted by in its tallies: each ``Combination``, further sets of dimensions, and sets with what flagged
/// verdicts name. The raw value is part of the key under which a store keeps them.
package enum PeriodCombination: UInt8, CaseIterable, Sendable {
  case overall
  case source, model, stage, method, language, region
  case languageRegion
  case deployment
  case deploymentLanguage, deploymentRegion
  case everything
  case deploymentNames = 16
  case languageNames, regionNames
  case everythingNames

  /// The combination whose 15-minute tallies add up to this one's, or nil where the verdicts themselves must be counted.
  package var combination: Combination? { Combination(rawValue: rawValue) }

  /// Whether flagged verdicts are told apart by their native names and their set of risk types.
  package var hasNames: Bool { rawValue >= Self.deploymentNames.rawValue }

  package var dimensions: [Dimension] {
    if let combination { return combination.dimensions }
    switch self {
    case .deploymentLanguage: return Combination.deployment.dimensions + [.language]
    case .deploymentRegion: return Combination.deployment.dimensions + [.region]
    case .everything, .everythingNames: return Dimension.allCases
    case .deploymentNames: return Combination.deployment.dimensions
    case .languageNames: return [.language]
    case .regionNames: return [.region]
    default: return []
    }
  }

  /// Lanes of ``DimensionCodes`` that a cell's codes are of, ascending.
  package var lanes: [Int] {
    dimensions.map(\.lane) + (hasNames ? [CodedField.nativeNames.lane, DimensionCodes.riskTypesLane] : [])
  }

  package var name: String {
    if let combination { return combination.name }
    return (dimensions.map(\.name) + (hasNames ? ["names"] : [])).joined(separator: " x ")
  }

  /// Those that have all of these dimensions, the one with the fewest first.
  package static func covering(_ wanted: Set<Dimension>, hasNames: Bool) -> [PeriodCombination] {
    allCases.filter { $0.hasNames == hasNames && wanted.isSubset(of: $0.dimensions) }
      .sorted { ($0.dimensions.count, $0.rawValue) < ($1.dimensions.count, $1.rawValue) }
  }
}

extension DimensionCodes {
  /// The lane of a group's key that has the bits of its risk types, where groups are told apart by what they name.
  package static let riskTypesLane = 7

  /// Adds to a group's key what a verdict names; only what is flagged names something.
  @inline(__always)
  package mutating func addNames(of row: VerdictRow) {
    guard Verdict.isFlagged(rawValue: row.verdict) else { return }
    self[CodedField.nativeNames.lane] = row.codes[CodedField.nativeNames.lane]
    self[Self.riskTypesLane] = row.riskTypes
  }
}
