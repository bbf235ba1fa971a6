import ByteCoding
import Storage
import Verdicts

/// Reads the payload of a block into buffers that are used again for the next one.
struct VerdictBlockDecoder {
  private(set) var rows: [VerdictRow] = []
  /// What the rows' id offsets point into; empty unless ids were asked for.
  private(set) var ids: [UInt8] = []

  /// - Returns: false where the payload is not what ``VerdictBlockEncoder`` wrote; rows and ids are then of no use.
  mutating func decode(_ payload: UnsafeRawBufferPointer, fields: VerdictFields) -> Bool {
    ids.removeAll(keepingCapacity: true)
    guard let body = ByteReader.checked(payload) else { return false }
    var reader = ByteReader(body)
    let version = reader.byte()
    guard (1...VerdictBlockEncoder.version).contains(version) else { return false }
    let count = reader.varint()
    guard !reader.isDamaged, (1...UInt64(VerdictBlockEncoder.rowsMax)).contains(count) else { return false }
    rows.removeAll(keepingCapacity: true)
    rows.append(contentsOf: repeatElement(VerdictRow(), count: Int(count)))
    var idBytes: [UInt8] = []
    swap(&idBytes, &ids)
    defer { swap(&idBytes, &ids) }
    return rows.withUnsafeMutableBufferPointer { rows in
      var isImpossible = false
      let wantsCodes = fields.contains(.codes)
      Self.column(body, &reader, rows, isWanted: true) { $0.pointee.time = Int64(bitPattern: $1) }
      for dimension in [Dimension.source, .language, .region, .model, .method] {
        let lane = dimension.lane
        Self.column(body, &reader, rows, isWanted: wantsCodes) {
          if $1 > UInt64(UInt32.max) { isImpossible = true }
          $0.pointee.codes[lane] = UInt32(truncatingIfNeeded: $1)
        }
      }
      Self.column(body, &reader, rows, isWanted: wantsCodes || fields.contains(.verdict)) { row, value in
        if value > 0xFFF || value >> 2 & 3 >= Stage.allCases.count || value >> 4 & 3 >= Refusal.allCases.count
          || value >> 6 & 7 >= Action.allCases.count || value >> 9 & 7 >= ErrorCause.allCases.count
        {
          isImpossible = true
        }
        row.pointee.verdict = UInt8(value & 3)
        row.pointee.codes[Dimension.stage.lane] = UInt32(value >> 2 & 3)
        row.pointee.refusal = UInt8(value >> 4 & 3)
        row.pointee.action = UInt8(value >> 6 & 7)
        row.pointee.errorCause = UInt8(value >> 9 & 7)
      }
      Self.column(body, &reader, rows, isWanted: fields.contains(.riskTypes)) {
        if $1 > UInt64(RiskTypeSet.all.bits) { isImpossible = true }
        $0.pointee.riskTypes = UInt32(truncatingIfNeeded: $1)
      }
      if version > 1 {
        Self.column(body, &reader, rows, isWanted: wantsCodes) {
          if $1 > UInt64(UInt32.max) { isImpossible = true }
          $0.pointee.codes[CodedField.nativeNames.lane] = UInt32(truncatingIfNeeded: $1)
        }
      }
      Self.column(body, &reader, rows, isWanted: fields.contains(.latency)) {
        if $1 > UInt64(LatencyScale.microsecondsMax) + 1 { isImpossible = true }
        $0.pointee.latency = Int64(bitPattern: $1) &- 1
      }
      if fields.contains(.id) {
        Self.column(body, &reader, rows, isWanted: true) { $0.pointee.idLength = UInt16(truncatingIfNeeded: $1) }
        Self.readIDs(body, &reader, rows, into: &idBytes)
      }
      return !reader.isDamaged && !isImpossible
    }
  }

  @inline(__always)
  private static func column(
    _ body: UnsafeRawBufferPointer, _ reader: inout ByteReader, _ rows: UnsafeMutableBufferPointer<VerdictRow>, isWanted: Bool,
    _ assign: (UnsafeMutablePointer<VerdictRow>, UInt64) -> Void
  ) {
    let low = reader.varint()
    let width = Int(reader.byte())
    guard width <= 8, rows.count * width <= reader.remaining, !reader.isDamaged else { return reader.isDamaged = true }
    let source = body.baseAddress! + reader.position
    reader.position += rows.count * width
    guard isWanted else { return }
    let target = rows.baseAddress!
    switch width {
    case 0: for index in 0..<rows.count { assign(target + index, low) }
    case 1: for index in 0..<rows.count { assign(target + index, low &+ UInt64(source.load(fromByteOffset: index, as: UInt8.self))) }
    case 2: for index in 0..<rows.count { assign(target + index, low &+ UInt64(UInt16(littleEndian: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))) }
    case 4: for index in 0..<rows.count { assign(target + index, low &+ UInt64(UInt32(littleEndian: source.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))) }
    default:
      for index in 0..<rows.count {
        var step: UInt64 = 0
        for byte in 0..<width { step |= UInt64(source.load(fromByteOffset: index * width + byte, as: UInt8.self)) << UInt64(8 * byte) }
        assign(target + index, low &+ step)
      }
    }
  }

  private static func readIDs(
    _ body: UnsafeRawBufferPointer, _ reader: inout ByteReader, _ rows: UnsafeMutableBufferPointer<VerdictRow>, into ids: inout [UInt8]
  ) {
    let form = reader.byte()
    guard form <= 1 else { return reader.isDamaged = true }
    if form == 1 {
      let rest = UnsafeRawBufferPointer(rebasing: body[reader.position...])
      guard let length = PackedIDs.decode(rest, into: rows, ids: &ids), length == rest.count else { return reader.isDamaged = true }
      return
    }
    let prefixLength = Int(truncatingIfNeeded: reader.varint())
    guard prefixLength >= 0, prefixLength <= reader.remaining, !reader.isDamaged else { return reader.isDamaged = true }
    let prefix = UnsafeRawBufferPointer(rebasing: body[reader.position..<reader.position + prefixLength])
    reader.position += prefixLength
    for index in 0..<rows.count {
      let rest = Int(rows[index].idLength) - prefixLength
      guard rest >= 0, rest <= reader.remaining else { return reader.isDamaged = true }
      rows[index].idOffset = UInt32(ids.count)
      ids.append(contentsOf: prefix)
      ids.append(contentsOf: UnsafeRawBufferPointer(rebasing: body[reader.position..<reader.position + rest]))
      reader.position += rest
    }
    if reader.remaining != 0 { reader.isDamaged = true }
  }
}
