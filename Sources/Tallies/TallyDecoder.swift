import ByteCoding
import Verdicts

/// Reads the cells of one tally in order. Bytes whose checksum does not hold, or that no cells can be read from, are
/// ``TallyDamage``, never a wrong count.
package struct TallyDecoder {
  private var reader = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
  private var body = UnsafeRawBufferPointer(start: nil, count: 0)
  private var lanes: [Int] = []
  /// Cells that ``next()`` has not read yet, as far as the bytes say the truth.
  package private(set) var cellsLeft: UInt64 = 0
  private var cellStart = 0
  /// All bits of the counts of the cell that is read.
  private var countBits: UInt64 = 0
  /// No cell counts 2^40 verdicts, and no sum of latencies is 2^62 microseconds, which a hundred million verdicts of a day have not: numbers
  /// that were written behind the program's back.
  private static let countBitsMax: UInt64 = 40
  static let latencySumBitsMax: UInt64 = 62
  /// The cell that ``next()`` read last.
  package private(set) var cell = TallyCell()
  /// Buckets of the cell's latencies that are above 0, ascending.
  package private(set) var latencyBuckets: [UInt8] = []

  /// A decoder to be used for one tally after another.
  package init() {}

  /// - Parameter bytes: the tally; they must outlive the decoder.
  package init(_ bytes: UnsafeRawBufferPointer, of combination: Combination) throws(TallyDamage) {
    try begin(bytes, lanes: combination.dimensions.map(\.lane))
  }

  /// - Parameter bytes: the period tally; they must outlive the decoder.
  package init(_ bytes: UnsafeRawBufferPointer, ofPeriod combination: PeriodCombination) throws(TallyDamage) {
    try begin(bytes, lanes: combination.lanes)
  }

  /// Begins another tally, whose cells have codes of these lanes.
  mutating func begin(_ bytes: UnsafeRawBufferPointer, lanes next: [Int]) throws(TallyDamage) {
    guard let body = ByteReader.checked(bytes) else { throw TallyDamage() }
    self.body = body
    reader = ByteReader(body)
    for lane in lanes { cell.codes[lane] = 0 }
    lanes = next
    guard reader.byte() == TallyEncoder.version else { throw TallyDamage() }
    cellsLeft = reader.varint()
    guard !reader.isDamaged else { throw TallyDamage() }
  }

  /// Reads the next cell into ``cell``; false at the end.
  package mutating func next() throws(TallyDamage) -> Bool {
    guard cellsLeft > 0 else {
      guard reader.remaining == 0 else { throw TallyDamage() }
      return false
    }
    cellsLeft -= 1
    cellStart = reader.position
    for lane in lanes {
      guard let code = UInt32(exactly: reader.varint()) else { throw TallyDamage() }
      cell.codes[lane] = code
    }
    let flags = reader.byte()
    let hadErrors = cell.verdicts[Int(Verdict.error.rawValue)] != 0
    for verdict in 0..<4 { cell.verdicts[verdict] = flags & (1 << UInt8(verdict)) != 0 ? reader.varint() : 0 }
    countBits = cell.verdicts[0] | cell.verdicts[1] | cell.verdicts[2] | cell.verdicts[3]
    if hadErrors || cell.verdicts[Int(Verdict.error.rawValue)] != 0 { readErrorCauses() }
    clearFlagged()
    if flags & TallyEncoder.hasRiskTypes != 0 { readRiskTypes() }
    clearLatencies()
    if flags & TallyEncoder.hasLatencies != 0 { readLatencies() }
    cell.fingerprint = flags & TallyEncoder.hasFingerprint != 0 ? reader.littleEndian(width: 8) : 0
    guard !reader.isDamaged, countBits >> Self.countBitsMax == 0, cell.latencySumMicroseconds >> Self.latencySumBitsMax == 0 else {
      throw TallyDamage()
    }
    return true
  }

  /// The last cell's bytes.
  var encodedCell: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: body[cellStart..<reader.position]) }

  /// Bits of the cell's risk types.
  package private(set) var riskTypes: UInt32 = 0

  private mutating func clearFlagged() {
    while riskTypes != 0 {
      let type = riskTypes.trailingZeroBitCount
      cell.flagged[type] = 0
      cell.flagged[RiskType.count + type] = 0
      riskTypes &= riskTypes - 1
    }
  }

  /// Clears the causes of the cell before, and reads those of a cell with errors.
  private mutating func readErrorCauses() {
    for cause in cell.errorCauses.indices { cell.errorCauses[cause] = 0 }
    guard cell.verdicts[Int(Verdict.error.rawValue)] != 0 else { return }
    let mask = reader.byte()
    guard mask >> UInt8(cell.errorCauses.count) == 0 else { return reader.isDamaged = true }
    for cause in cell.errorCauses.indices where mask & (1 << UInt8(cause)) != 0 {
      cell.errorCauses[cause] = reader.varint()
      countBits |= cell.errorCauses[cause]
    }
  }

  private mutating func clearLatencies() {
    for bucket in latencyBuckets { cell.latencies[Int(bucket)] = 0 }
    latencyBuckets.removeAll(keepingCapacity: true)
    cell.latencySumMicroseconds = 0
  }

  private mutating func readRiskTypes() {
    riskTypes = UInt32(truncatingIfNeeded: reader.varint())
    guard riskTypes & ~RiskTypeSet.all.bits == 0 else {
      riskTypes = 0
      return reader.isDamaged = true
    }
    var types = riskTypes
    // A reader of its own, for the counts are written through a pointer.
    var counts = reader
    var bits: UInt64 = 0
    cell.flagged.withUnsafeMutableBufferPointer { flagged in
      while types != 0 {
        let type = types.trailingZeroBitCount
        flagged[type] = counts.varint()
        flagged[RiskType.count + type] = counts.varint()
        bits |= flagged[type] | flagged[RiskType.count + type]
        types &= types - 1
      }
    }
    reader = counts
    countBits |= bits
  }

  private mutating func readLatencies() {
    cell.latencySumMicroseconds = reader.varint()
    let count = reader.varint()
    guard count <= UInt64(cell.latencies.count) else { return reader.isDamaged = true }
    var bucket: UInt64 = 0
    for _ in 0..<count {
      bucket &+= reader.varint()
      let verdicts = reader.varint()
      guard bucket < UInt64(cell.latencies.count), !reader.isDamaged else { return reader.isDamaged = true }
      countBits |= verdicts
      cell.latencies[Int(bucket)] = verdicts
      latencyBuckets.append(UInt8(bucket))
    }
  }
}

/// The stored bytes of a tally are not what GuardTally wrote there.
package struct TallyDamage: Error, Sendable {
  package init() {}
}
