package import Storage
package import Verdicts
import Verification

/// Drops old verdicts, a day at a time, each only after its tallies were proved by a recount.
package struct Retention {
  private let store: any VerdictStore
  private let maintainer: any StoreMaintainer

  /// How often a day is proved again where verdicts of it came in meanwhile.
  private static let proofsMax = 5

  package init(of store: any VerdictStore, by maintainer: any StoreMaintainer) {
    self.store = store
    self.maintainer = maintainer
  }

  package struct Summary: Sendable, Equatable {
    package var days = 0
    package var verdicts = 0
    /// Why a day before the wanted floor does not verify, or nil.
    package var obstacle: String?
    /// Why days are left to the next run although nothing is wrong with them, or nil.
    package var postponement: String?

    package init() {}
  }

  /// - Parameter cutoff: 00:00 UTC of the first day to keep.
  package func dropVerdicts(before cutoff: Timestamp) throws -> Summary {
    var summary = Summary()
    let (floor, days) = try store.read { snapshot in
      let floor = try snapshot.floor()
      return (floor, try snapshot.days(in: Span(from: floor ?? Span.always.from, to: cutoff)))
    }
    if let floor, floor >= cutoff { return summary }
    do {
      for day in days {
        try drop(day, &summary)
        if summary.obstacle != nil || summary.postponement != nil { break }
      }
      // Days without a verdict lie behind the floor too, once there is one.
      // Where late verdicts came in meanwhile it stays; the next run drops them.
      if summary.obstacle == nil, summary.postponement == nil, summary.days > 0 || floor != nil { _ = try maintainer.raiseFloor(to: cutoff) }
    } catch let error as StoreError where error.code == .busy {
      summary.postponement = "a reader or writer is at work on the verdicts, so days are left to be dropped by the next run"
    }
    if summary.days > 0 { try maintainer.reclaimSpace() }
    return summary
  }

  private func drop(_ day: Timestamp, _ summary: inout Summary) throws {
    let name = String(day.rfc3339().prefix(10))
    for _ in 0..<Self.proofsMax {
      switch try DayProof.of(day, in: store) {
      case .empty: return
      case .differs(let differences):
        let first = differences.first.map { "\($0)" } ?? ""
        summary.obstacle =
          "\(name) does not verify, so nothing from that day on was dropped: \(differences.count == 1 ? "" : "\(differences.count) differences, the first is ")\(first); see guardtally verify --from \(name)"
        return
      case .proved(let seal):
        guard try maintainer.drop(seal) else { continue }
        summary.days += 1
        summary.verdicts += seal.verdicts
        return
      }
    }
    summary.postponement = "\(name) goes on receiving verdicts, so days from that one on are left to be dropped by the next run"
  }
}
