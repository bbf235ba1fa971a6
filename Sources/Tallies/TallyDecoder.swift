import ByteCoding
package import Verdicts

/// Reads the cells of one tally in order. Bytes whose checksum does not hold, or that no cells can be read from, are
/// ``TallyDamage``, never a wrong count.
package struct TallyDecoder {
  private var reader = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
  private var body = UnsafeRawBufferPointer(start: nil, count: 0)
  private var lanes: [Int] = []
  /// Cells that ``next()`` has not read yet, as far as the bytes say the truth.
  package private(set) var cellsLeft: UInt64 = 0
  private var cellStart = 0

  // MARK: The cell that was read last

  package private(set) var codes = DimensionCodes(repeating: 0)
  /// By ``Verdict``'s raw value.
  package private(set) var verdicts = SIMD4<UInt64>(repeating: 0)
  /// Bits of the risk types that occur.
  package private(set) var riskTypes: UInt32 = 0
  package private(set) var latencySumMicroseconds: UInt64 = 0
  package private(set) var fingerprint: UInt64 = 0
  package let counts = DecodedCounts()
  private var latencyBucketCount = 0

  /// No cell counts 2^40 verdicts, and no sum of latencies is 2^62 microseconds, which a hundred million verdicts of a day have not: numbers
  /// that were written behind the program's back.
  private static let countBitsMax: UInt64 = 40
  package static let latencySumBitsMax: UInt64 = 62

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
    counts.codes.pointee = DimensionCodes(repeating: 0)
    lanes = next
    guard reader.byte() == TallyEncoder.version else { throw TallyDamage() }
    cellsLeft = reader.varint()
    guard !reader.isDamaged else { throw TallyDamage() }
  }

  /// Reads the next cell; false at the end.
  package mutating func next() throws(TallyDamage) -> Bool {
    // In a local variable, where the processor's registers have it.
    var reader = reader
    guard cellsLeft > 0 else {
      guard reader.remaining == 0 else { throw TallyDamage() }
      return false
    }
    cellsLeft -= 1
    cellStart = reader.position
    var codeBits: UInt64 = 0
    counts.codes.withMemoryRebound(to: UInt32.self, capacity: DimensionCodes.scalarCount) { codes in
      for lane in lanes {
        let code = reader.varint()
        codeBits |= code
        codes[lane] = UInt32(truncatingIfNeeded: code)
      }
    }
    codes = counts.codes.pointee
    let flags = reader.byte()
    let hadErrors = verdicts[Int(Verdict.error.rawValue)] != 0
    var found = SIMD4<UInt64>(repeating: 0)
    if flags & 1 != 0 { found[0] = reader.varint() }
    if flags & 2 != 0 { found[1] = reader.varint() }
    if flags & 4 != 0 { found[2] = reader.varint() }
    if flags & 8 != 0 { found[3] = reader.varint() }
    verdicts = found
    var countBits = found[0] | found[1] | found[2] | found[3]
    if hadErrors || flags & 8 != 0 { countBits |= readErrorCauses(&reader) }
    if riskTypes != 0 { clearFlagged() }
    if flags & TallyEncoder.hasRiskTypes != 0 { countBits |= readRiskTypes(&reader) }
    if latencyBucketCount > 0 { clearLatencies() }
    latencySumMicroseconds = 0
    if flags & TallyEncoder.hasLatencies != 0 { countBits |= readLatencies(&reader) }
    fingerprint = flags & TallyEncoder.hasFingerprint != 0 ? reader.littleEndian(width: 8) : 0
    self.reader = reader
    guard !reader.isDamaged, codeBits >> 32 == 0, countBits >> Self.countBitsMax == 0, latencySumMicroseconds >> Self.latencySumBitsMax == 0 else {
      throw TallyDamage()
    }
    return true
  }

  /// The last cell's bytes.
  var encodedCell: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: body[cellStart..<reader.position]) }

  /// Buckets of the cell's latencies that are above 0, ascending.
  package var latencyBuckets: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: counts.latencyBuckets, count: latencyBucketCount) }

  /// A copy of the cell.
  package var cell: TallyCell {
    var cell = TallyCell()
    cell.codes = codes
    cell.verdicts = verdicts
    for index in cell.flagged.indices { cell.flagged[index] = counts.flagged[index] }
    for index in cell.errorCauses.indices { cell.errorCauses[index] = counts.errorCauses[index] }
    cell.latencySumMicroseconds = latencySumMicroseconds
    for bucket in latencyBuckets { cell.latencies[Int(bucket)] = counts.latencies[Int(bucket)] }
    cell.fingerprint = fingerprint
    return cell
  }

  private mutating func clearFlagged() {
    while riskTypes != 0 {
      let type = riskTypes.trailingZeroBitCount
      counts.flagged[type] = 0
      counts.flagged[RiskType.count + type] = 0
      riskTypes &= riskTypes - 1
    }
  }

  private mutating func clearLatencies() {
    for index in 0..<latencyBucketCount { counts.latencies[Int(counts.latencyBuckets[index])] = 0 }
    latencyBucketCount = 0
  }

  // Each gives all bits of the counts that it has read.

  /// Clears the causes of the cell before, and reads those of a cell with errors.
  private func readErrorCauses(_ reader: inout ByteReader) -> UInt64 {
    for cause in 0..<DecodedCounts.errorCauseCount { counts.errorCauses[cause] = 0 }
    guard verdicts[Int(Verdict.error.rawValue)] != 0 else { return 0 }
    let mask = reader.byte()
    guard Int(mask) >> DecodedCounts.errorCauseCount == 0 else {
      reader.isDamaged = true
      return 0
    }
    var bits: UInt64 = 0
    for cause in 0..<DecodedCounts.errorCauseCount where mask & (1 << UInt8(cause)) != 0 {
      counts.errorCauses[cause] = reader.varint()
      bits |= counts.errorCauses[cause]
    }
    return bits
  }

  private mutating func readRiskTypes(_ reader: inout ByteReader) -> UInt64 {
    riskTypes = UInt32(truncatingIfNeeded: reader.varint())
    guard riskTypes & ~RiskTypeSet.all.bits == 0 else {
      riskTypes = 0
      reader.isDamaged = true
      return 0
    }
    var types = riskTypes
    var bits: UInt64 = 0
    while types != 0 {
      let type = types.trailingZeroBitCount
      let (controversial, unsafe) = (reader.varint(), reader.varint())
      counts.flagged[type] = controversial
      counts.flagged[RiskType.count + type] = unsafe
      bits |= controversial | unsafe
      types &= types - 1
    }
    return bits
  }

  private mutating func readLatencies(_ reader: inout ByteReader) -> UInt64 {
    latencySumMicroseconds = reader.varint()
    let count = reader.varint()
    guard count <= UInt64(DecodedCounts.latencyCount) else {
      reader.isDamaged = true
      return 0
    }
    var bucket: UInt64 = 0
    var bits: UInt64 = 0
    for _ in 0..<Int(count) {
      bucket &+= reader.varint()
      let verdicts = reader.varint()
      guard bucket < UInt64(DecodedCounts.latencyCount), !reader.isDamaged else {
        reader.isDamaged = true
        return 0
      }
      bits |= verdicts
      counts.latencies[Int(bucket)] = verdicts
      counts.latencyBuckets[latencyBucketCount] = UInt8(truncatingIfNeeded: bucket)
      latencyBucketCount += 1
    }
    return bits
  }
}

/// The stored bytes of a tally are not what GuardTally wrote there.
package struct TallyDamage: Error, Sendable {
  package init() {}
}
