import Verdicts

/// Times as text in one zone; a bucket's two edges are written for each of its rows, so the last few are remembered.
struct TimeTexts {
  private let zone: Zone
  private var known: [Timestamp: String] = [:]
  private static let knownMax = 64

  init(zone: Zone) { self.zone = zone }

  subscript(time: Timestamp) -> String {
    mutating get {
      if let text = known[time] { return text }
      if known.count >= Self.knownMax { known.removeAll(keepingCapacity: true) }
      let text = zone.text(time)
      known[time] = text
      return text
    }
  }
}
