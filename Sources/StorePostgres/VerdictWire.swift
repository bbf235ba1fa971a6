import Storage
import Verdicts

/// Verdicts as rows in Postgres' binary COPY format (its manual, COPY, "Binary Format"): a head, for each row the number of its
/// fields and each field's length and bytes, the highest first, and a tail. The order of the columns is `verdicts.copy_in`'s.
enum VerdictWire {
  static let head: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
  static let tail: [UInt8] = [0xFF, 0xFF]
  static let columns = 11
  /// Places of columns that may be NULL.
  static let latencyColumn = 1
  static let nativeNamesColumn = 9
  static let idColumn = 10
  /// Bytes of a row besides its id.
  private static let rowBytesMax = 2 + columns * 4 + 2 * 8 + 7 * 4 + 2

  /// Hands out rows in pieces that are sent while the next one is made.
  static func write(
    _ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, _ send: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try head.withUnsafeBytes(send)
    let capacity = pieceBytes + rowBytesMax + Int(UInt16.max)
    let piece = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    defer { piece.deallocate() }
    var cursor = piece
    for index in 0..<rows.count {
      write(rows.baseAddress! + index, ids: ids, &cursor)
      guard cursor - piece >= pieceBytes else { continue }
      try send(UnsafeRawBufferPointer(start: piece, count: cursor - piece))
      cursor = piece
    }
    try send(UnsafeRawBufferPointer(start: piece, count: cursor - piece))
    try tail.withUnsafeBytes(send)
  }

  private static let pieceBytes = 64 << 10

  @inline(__always)
  private static func write(_ row: UnsafePointer<VerdictRow>, ids: UnsafePointer<UInt8>, _ cursor: inout UnsafeMutableRawPointer) {
    func put<Value: FixedWidthInteger>(_ value: Value) {
      cursor.storeBytes(of: value.bigEndian, as: Value.self)
      cursor += MemoryLayout<Value>.size
    }
    func field<Value: FixedWidthInteger>(_ value: Value) {
      put(Int32(MemoryLayout<Value>.size))
      put(value)
    }
    put(Int16(columns))
    field(row.pointee.time)
    if row.pointee.latency >= 0 { field(row.pointee.latency) } else { put(Int32(-1)) }
    field(row.pointee.codes[Dimension.source.lane])
    field(row.pointee.codes[Dimension.model.lane])
    field(row.pointee.codes[Dimension.method.lane])
    field(row.pointee.codes[Dimension.language.lane])
    field(row.pointee.codes[Dimension.region.lane])
    field(row.pointee.riskTypes)
    field(Int16(truncatingIfNeeded: VerdictAttributes(of: row.pointee).number))
    let nativeNames = row.pointee.codes[CodedField.nativeNames.lane]
    if nativeNames != 0 { field(nativeNames) } else { put(Int32(-1)) }
    let length = Int(row.pointee.idLength)
    put(Int32(length))
    cursor.copyMemory(from: ids + Int(row.pointee.idOffset), byteCount: length)
    cursor += length
  }
}

/// Reads rows that the server copies out, and turns them into verdicts.
struct VerdictWireReader {
  private(set) var rows: [VerdictRow] = []
  private(set) var ids: [UInt8] = []
  private var isHeadRead = false
  private let columns: Int

  /// - Parameter hasID: whether the id is the last column, or left out.
  init(hasID: Bool) { columns = hasID ? VerdictWire.columns : VerdictWire.columns - 1 }

  mutating func removeAll() {
    rows.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
  }

  /// Appends what a piece holds.
  ///
  /// - Returns: false where a row cannot be a verdict.
  mutating func read(_ piece: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    if !isHeadRead {
      isHeadRead = true
      position = VerdictWire.head.count
    }
    while position + 2 <= piece.count {
      let fields = Int16(bigEndian: piece.loadUnaligned(fromByteOffset: position, as: Int16.self))
      position += 2
      if fields == -1 { return true }
      guard Int(fields) == columns else { return false }
      var row = VerdictRow()
      for column in 0..<columns {
        guard position + 4 <= piece.count else { return false }
        let length = Int(Int32(bigEndian: piece.loadUnaligned(fromByteOffset: position, as: Int32.self)))
        position += 4
        guard length >= 0 else {
          guard column == VerdictWire.latencyColumn || column == VerdictWire.nativeNamesColumn else { return false }
          continue
        }
        guard position + length <= piece.count else { return false }
        let bytes = UnsafeRawBufferPointer(rebasing: piece[position..<position + length])
        position += length
        guard VerdictWireReader.set(column, of: &row, to: bytes, ids: &ids) else { return false }
      }
      rows.append(row)
    }
    return true
  }

  /// - Returns: false for a value that no verdict has.
  @inline(__always)
  static func set(_ column: Int, of row: inout VerdictRow, to bytes: UnsafeRawBufferPointer, ids: inout [UInt8]) -> Bool {
    if column == VerdictWire.idColumn {
      guard (1...256).contains(bytes.count) else { return false }
      row.idOffset = UInt32(ids.count)
      row.idLength = UInt16(bytes.count)
      ids.append(contentsOf: bytes)
      return true
    }
    let value = WireInteger.read(bytes)
    switch column {
    case 0:
      guard (0..<253_402_300_800_000_000).contains(value) else { return false }
      row.time = value
    case VerdictWire.latencyColumn:
      guard (0...LatencyScale.microsecondsMax).contains(value) else { return false }
      row.latency = value
    case 2...6:
      guard let code = UInt32(exactly: value) else { return false }
      switch column {
      case 2: row.codes[Dimension.source.lane] = code
      case 3: row.codes[Dimension.model.lane] = code
      case 4: row.codes[Dimension.method.lane] = code
      case 5: row.codes[Dimension.language.lane] = code
      default: row.codes[Dimension.region.lane] = code
      }
    case 7:
      guard (0...Int64(RiskTypeSet.all.bits)).contains(value) else { return false }
      row.riskTypes = UInt32(value)
    case VerdictWire.nativeNamesColumn:
      guard (1...Int64(Int32.max)).contains(value) else { return false }
      row.codes[CodedField.nativeNames.lane] = UInt32(value)
    default:
      let attributes = VerdictAttributes(number: UInt64(bitPattern: value))
      guard attributes.isPossible else { return false }
      attributes.fill(&row)
    }
    return true
  }
}
