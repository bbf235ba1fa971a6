/// Verdicts read from one input, in the order of their lines, with what the ledger needs to know of the lines between them.
///
/// Self-contained: dimension values are listed here and rows point at them, so a batch can cross threads and be stored by
/// any store. The reader bounds its rows and bytes.
package struct VerdictBatch: Sendable {
  package var input: String
  package var rows: [VerdictRow] = []
  /// The ids of all rows, end to end.
  package var idBytes: [UInt8] = []
  /// Where each row stands in its input; as many as rows.
  package var positions: [LinePosition] = []
  /// For each coded field (by raw value) the distinct canonical values of this batch, in order of arrival; a row has a value's place
  /// counted from ``CodedField/firstInBatch``.
  package var values: [[String]] = [[String]](repeating: [], count: CodedField.allCases.count)
  package var rejections: [Rejection] = []
  /// Lines that were not blank.
  package var read: Int = 0
  /// Bytes of the input up to the end of the batch's last line.
  package var inputBytesRead: UInt64 = 0
  /// Lines of the input up to there.
  package var inputLinesRead: UInt64 = 0

  /// Deliveries that share the batch and its commit, in order of arrival; none where the batch is one.
  package private(set) var deliveries: [Delivery] = []

  package init(input: String) { self.input = input }

  /// What one of several deliveries brought.
  package struct Delivery: Sendable {
    /// Where the ids of its rows end in the batch's.
    package var idBytesEnd: UInt32
    package var read: Int
    package var rejected: Int
  }

  /// Adds another delivery to a batch of deliveries, which begins as an empty one.
  package mutating func add(delivery other: VerdictBatch) {
    if placeOfValue.isEmpty { placeOfValue = Array(repeating: [:], count: CodedField.allCases.count) }
    let idBase = UInt32(idBytes.count)
    // A batch is added for each of many small deliveries: one list for all fields, and no new one for each.
    newCodes.removeAll(keepingCapacity: true)
    var firstOfLane = DimensionCodes(repeating: 0)
    for lane in other.values.indices {
      firstOfLane[lane] = UInt32(newCodes.count)
      if lane == CodedField.nativeNames.lane { newCodes.append(0) }
      for value in other.values[lane] { newCodes.append(index(of: value, lane: lane) + Self.firstInBatch[lane]) }
    }
    for row in other.rows {
      var moved = row
      moved.idOffset += idBase
      for lane in other.values.indices { moved.codes[lane] = newCodes[Int(firstOfLane[lane] + row.codes[lane])] }
      rows.append(moved)
    }
    idBytes += other.idBytes
    positions += other.positions
    rejections += other.rejections
    read += other.read
    deliveries.append(Delivery(idBytesEnd: UInt32(idBytes.count), read: other.read, rejected: other.rejections.count))
  }

  /// Refuses the rows of some sources.
  package mutating func rejectRows(as code: RejectionCode, whereSource isRefused: (String) -> Bool) {
    let lane = CodedField.source.lane
    let isOwn = values[lane].map { !isRefused($0) }
    var kept: [VerdictRow] = []
    var keptPositions: [LinePosition] = []
    for (row, position) in zip(rows, positions) {
      if isOwn[Int(row.codes[lane])] {
        kept.append(row)
        keptPositions.append(position)
      } else {
        rejections.append(Rejection(position: position, code: code))
      }
    }
    guard kept.count < rows.count else { return }
    rows = kept
    positions = keptPositions
    rejections.sort { $0.position.line < $1.position.line }
  }

  /// About how much memory the batch takes.
  package var bytes: Int {
    rows.count * (MemoryLayout<VerdictRow>.stride + MemoryLayout<LinePosition>.stride) + idBytes.count + rejections.count * MemoryLayout<Rejection>.stride
  }

  /// The place of a value in a field's list, which deliveries share.
  private mutating func index(of value: String, lane: Int) -> UInt32 {
    // Most deliveries say what the one before said.
    if let newest = values[lane].last, ExactText(newest) == ExactText(value) { return UInt32(values[lane].count - 1) }
    let key = ExactText(value)
    if let known = placeOfValue[lane][key] { return known }
    let place = UInt32(values[lane].count)
    values[lane].append(value)
    placeOfValue[lane][key] = place
    return place
  }

  /// For each field the places of its values, once deliveries share them.
  private var placeOfValue: [[ExactText: UInt32]] = []
  /// For each field and each value of the delivery that is being added, its code here.
  private var newCodes: [UInt32] = []
  private static let firstInBatch = CodedField.allCases.map { UInt32($0.firstInBatch) }
}

/// Where a record stands in its input.
@frozen
package struct LinePosition: Hashable, Sendable {
  /// From 1.
  package var line: UInt64
  /// Bytes before the line, after decompression.
  package var offset: UInt64
  /// Bytes of the line, without its end.
  package var length: UInt32

  @inlinable
  package init(line: UInt64, offset: UInt64, length: UInt32) {
    self.line = line
    self.offset = offset
    self.length = length
  }
}
