import Reports
import Verdicts

/// Which label values fold into `other` so that an exposition stays within its budget of series.
///
/// Values go in ascending order of what was evaluated of them in the longest window, ties bytewise, until the rest fits.
struct FoldPlan {
  static let otherValue = "other"

  /// By label, the values that fold.
  private(set) var folded: [Dimension: Set<ExactText>] = [:]

  private struct Candidate {
    var dimension: Dimension
    var value: String
    var evaluated: Int64
    var results: [ResultCounts]
  }

  /// - Parameters:
  ///   - counts: by dimension, before folding.
  ///   - longest: the index of the longest window.
  ///   - budget: series that these dimensions may have together.
  init(_ counts: [Dimension: WindowCounts], longest: Int, budget: Int) {
    var candidates: [Candidate] = []
    var others: [Dimension: [ResultCounts]] = [:]
    var series = 0
    for (dimension, windowCounts) in counts {
      for entry in windowCounts.entries {
        guard let value = entry.value else { continue }
        series += Self.seriesCount(entry.results, of: dimension)
        if value == Self.otherValue {
          others[dimension] = entry.results
        } else {
          candidates.append(
            Candidate(dimension: dimension, value: value, evaluated: entry.results[longest].evaluated, results: entry.results))
        }
      }
    }
    guard series > budget else { return }
    candidates.sort { left, right in
      if left.evaluated != right.evaluated { return left.evaluated < right.evaluated }
      if ExactText(left.value) != ExactText(right.value) { return ExactText(left.value) < ExactText(right.value) }
      return left.dimension.rawValue < right.dimension.rawValue
    }
    for candidate in candidates {
      if series <= budget { break }
      folded[candidate.dimension, default: []].insert(ExactText(candidate.value))
      series -= Self.seriesCount(candidate.results, of: candidate.dimension)
      var other = others[candidate.dimension] ?? [ResultCounts](repeating: ResultCounts(), count: candidate.results.count)
      series -= Self.seriesCount(other, of: candidate.dimension)
      for index in other.indices { other[index].add(candidate.results[index]) }
      series += Self.seriesCount(other, of: candidate.dimension)
      others[candidate.dimension] = other
    }
  }

  /// Four results for each window with a verdict, and a ratio where the dimension has one and something was evaluated.
  static func seriesCount(_ results: [ResultCounts], of dimension: Dimension) -> Int {
    results.reduce(0) { sum, counts in
      sum + (counts.total > 0 ? 4 : 0) + (WindowFamilies.hasRatio(dimension) && counts.evaluated > 0 ? 1 : 0)
    }
  }
}
