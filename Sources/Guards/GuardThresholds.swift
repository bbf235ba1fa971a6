import JSONReading

/// The thresholds of all formats that score, with settings in the place of the file's.
package struct GuardThresholds: Sendable {
  /// By format; nil for one that states its verdict itself.
  private(set) var values = GuardCatalog.standard.formats.map(\.thresholds)

  package init() {}

  /// Why a setting is not taken, in words for the user.
  package struct Fault: Error, CustomStringConvertible {
    package var description: String
  }

  /// - Parameter setting: `FORMAT.VERDICT=SCORE`, as in `perspective.unsafe=0.5`.
  package mutating func set(_ setting: String) throws(Fault) {
    let usage = "--threshold takes FORMAT.VERDICT=SCORE, as in perspective.unsafe=0.5 or azure-content-safety.controversial=4"
    let parts = setting.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let dot = parts[0].lastIndex(of: ".") else { throw Fault(description: usage) }
    let name = String(parts[0][..<dot])
    guard let format = GuardCatalog.standard.format(named: name), let scale = format.scale, var thresholds = values[format.index] else {
      let scored = GuardCatalog.standard.formats.filter { $0.scale != nil }.map(\.name)
      throw Fault(description: "--threshold: \(name) has no thresholds; formats that have are \(scored.joined(separator: ", "))")
    }
    guard let score = scale.score(of: String(parts[1])) else { throw Fault(description: "--threshold: \(format.name) scores \(scale)") }
    switch parts[0][parts[0].index(after: dot)...] {
    case "unsafe": thresholds.unsafe = score
    case "controversial": thresholds.controversial = score
    default: throw Fault(description: usage)
    }
    values[format.index] = thresholds
  }

  /// Looks at the thresholds together once all are set.
  package func check() throws(Fault) {
    for (format, thresholds) in zip(GuardCatalog.standard.formats, values) {
      guard let thresholds, let controversial = thresholds.controversial, !thresholds.unsafe.isAtLeast(controversial) else { continue }
      throw Fault(description: "--threshold: \(format.name) would be unsafe below where it is controversial")
    }
  }

  /// The thresholds of a format as a user would set them.
  package func texts(of format: GuardFormat) -> [(verdict: String, score: String)] {
    guard let thresholds = values[format.index], let scale = format.scale else { return [] }
    return (thresholds.controversial.map { [("controversial", scale.text(of: $0))] } ?? []) + [("unsafe", scale.text(of: thresholds.unsafe))]
  }
}

extension ThresholdScale: CustomStringConvertible {
  package var description: String {
    switch self {
    case .numbers(let from, let to): "from \(from.text) to \(to.text)"
    case .names(let names): names.joined(separator: ", ")
    }
  }

  func text(of score: DecimalNumber) -> String {
    guard case .names(let names) = self, let place = score.wholePart(timesTenTo: 0)?.value, names.indices.contains(Int(place)) else { return score.text }
    return names[Int(place)]
  }
}
