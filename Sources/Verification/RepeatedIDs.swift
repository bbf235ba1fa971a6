package import Storage
import Verdicts

/// Counts ids that are stored under several times: senders that restamp a verdict on retry show here.
///
/// Exact in bounded memory: hashes find the candidates, a share of them at a time, and the candidates are then compared whole.
package struct RepeatedIDs {
  /// Hashes held at a time, eight bytes each.
  private static let hashesMax = 4_000_000

  /// - Returns: how many pairs of source and id stand under more than one time.
  package static func count(in snapshot: any StoreSnapshot) throws -> Int {
    let shares = UInt64(max(1, (try snapshot.verdictCount() + hashesMax - 1) / hashesMax))
    var repeated = 0
    for share in 0..<shares {
      var hashes: [UInt64] = []
      try forEachID(of: snapshot) { source, id in
        let hash = hash(source, id)
        if hash % shares == share { hashes.append(hash) }
      }
      hashes.sort()
      var candidates: Set<UInt64> = []
      for index in hashes.indices.dropFirst() where hashes[index] == hashes[index - 1] { candidates.insert(hashes[index]) }
      guard !candidates.isEmpty else { continue }
      // Every stored verdict has its own identity, so an id that is met twice stands under two times.
      var met: [SourceAndID: Int] = [:]
      try forEachID(of: snapshot) { source, id in
        if candidates.contains(hash(source, id)) { met[SourceAndID(source: source, id: Array(id)), default: 0] += 1 }
      }
      repeated += met.values.filter { $0 > 1 }.count
    }
    return repeated
  }

  private struct SourceAndID: Hashable {
    var source: UInt32
    var id: [UInt8]
  }

  private static func forEachID(of snapshot: any StoreSnapshot, _ body: (UInt32, UnsafeRawBufferPointer) throws -> Void) throws {
    try snapshot.forEachVerdicts(in: .always, fields: [.codes, .id]) { run in
      for row in run.rows {
        let id = UnsafeRawBufferPointer(rebasing: run.idBytes[Int(row.idOffset)..<Int(row.idOffset) + Int(row.idLength)])
        try body(row.codes[Dimension.source.lane], id)
      }
    }
  }

  /// FNV-1a with a last mix, so that shares of the hashes are even.
  private static func hash(_ source: UInt32, _ id: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(source)
    for byte in id { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash ^= hash >> 33
    return hash &* 0xFF51_AFD7_ED55_8CCD
  }
}
