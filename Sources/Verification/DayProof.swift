package import Storage
package import Verdicts

/// A day's tallies proved by a recount of its verdicts, all in one snapshot.
package enum DayProof: Sendable {
  /// The tallies equal the recount.
  case proved(DaySeal)
  /// There is no verdict on this day, and no tally.
  case empty
  case differs([Difference])

  /// - Throws: ``StoreError`` where the store cannot be read. Damage within it is a difference.
  package static func of(_ day: Timestamp, in store: any VerdictStore) throws -> DayProof {
    try store.read { snapshot in
      var differences: [Difference] = []
      do {
        var newestBySource: [UInt32: Timestamp] = [:]
        let recount = try DayRecount(of: snapshot, day: day, newestBySource: &newestBySource)
        let tallies = try recount.compareTallies { differences.append($0) }
        guard differences.isEmpty else { return .differs(differences) }
        if recount.verdicts == 0, tallies == 0 { return .empty }
        guard let seal = try DaySeal(of: snapshot, day: day) else { return .empty }
        return .proved(seal)
      } catch let error as StoreError where error.code == .damaged {
        return .differs(differences + [Difference(error.description)])
      }
    }
  }
}
