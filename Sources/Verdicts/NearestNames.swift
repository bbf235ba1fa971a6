/// Finds the listed names that somebody may have meant.
package enum NearestNames {
  /// At most three names, the nearest first: those that begin with the text or hold it, and those a few letters away.
  package static func of(_ text: String, among names: [String]) -> [String] {
    let wanted = text.lowercased()
    guard !wanted.isEmpty, wanted.utf8.count <= 64 else { return [] }
    let scored = names.enumerated().compactMap { place, name -> (score: Int, place: Int, name: String)? in
      let distance = distance(Array(wanted.utf8), Array(name.lowercased().utf8))
      let holds = wanted.utf8.count >= 3 && (name.lowercased().contains(wanted) || wanted.contains(name.lowercased()))
      guard holds || distance <= max(2, wanted.utf8.count / 3) else { return nil }
      return (holds ? min(distance, 2) : distance, place, name)
    }
    return scored.sorted { ($0.score, $0.place) < ($1.score, $1.place) }.prefix(3).map(\.name)
  }

  /// Letters to insert, remove, replace or swap with their neighbour (Damerau and Levenshtein's distance of aligned strings).
  package static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      for column in 0..<right.count {
        var least = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (left[row] == right[column] ? 0 : 1))
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] { least = min(least, before[column - 1] + 1) }
        current.append(least)
      }
      before = previous
      previous = current
    }
    return previous[right.count]
  }
}
