import ByteCoding
package import Verdicts

/// Reads the payload of a block into rows, in buffers that are used again for the next one.
package struct VerdictBlockDecoder {
  package private(set) var rows: [VerdictRow] = []
  /// What the rows' id offsets point into; empty unless ids were asked for.
  package private(set) var ids: [UInt8] = []

  package init() {}

  /// - Returns: false where the payload is not what ``VerdictBlockEncoder`` wrote; rows and ids are then of no use.
  package mutating func decode(_ payload: UnsafeRawBufferPointer, fields: VerdictFields) -> Bool {
    ids.removeAll(keepingCapacity: true)
    guard let columns = VerdictColumns(payload), columns.arePossible(fields) else { return false }
    rows.removeAll(keepingCapacity: true)
    rows.append(contentsOf: repeatElement(VerdictRow(), count: columns.count))
    var idBytes: [UInt8] = []
    swap(&idBytes, &ids)
    defer { swap(&idBytes, &ids) }
    return rows.withUnsafeMutableBufferPointer { rows in
      Self.fill(rows.baseAddress!, from: columns, fields: fields)
      guard fields.contains(.id) else { return true }
      columns.idLengths.forEach(in: columns.rows) { rows[$0].idLength = UInt16(truncatingIfNeeded: $1) }
      return Self.readIDs(columns.ids, rows, into: &idBytes)
    }
  }

  private static func fill(_ rows: UnsafeMutablePointer<VerdictRow>, from columns: VerdictColumns, fields: VerdictFields) {
    columns.times.forEach(in: columns.rows) { rows[$0].time = Int64(bitPattern: $1) }
    if fields.contains(.codes) {
      for field in CodedField.allCases where field != .stage {
        columns.codes(of: field).forEach(in: columns.rows) { rows[$0].codes[field.lane] = UInt32(truncatingIfNeeded: $1) }
      }
    }
    if fields.contains(.codes) || fields.contains(.verdict) {
      columns.attributes.forEach(in: columns.rows) { VerdictAttributes(number: $1).fill(&rows[$0]) }
    }
    if fields.contains(.riskTypes) { columns.riskTypes.forEach(in: columns.rows) { rows[$0].riskTypes = UInt32(truncatingIfNeeded: $1) } }
    if fields.contains(.latency) { columns.latencies.forEach(in: columns.rows) { rows[$0].latency = Int64(bitPattern: $1) &- 1 } }
  }

  private static func readIDs(_ bytes: UnsafeRawBufferPointer, _ rows: UnsafeMutableBufferPointer<VerdictRow>, into ids: inout [UInt8]) -> Bool {
    var reader = ByteReader(bytes)
    switch reader.byte() {
    case 0: break
    case 1:
      let rest = UnsafeRawBufferPointer(rebasing: bytes[reader.position...])
      return PackedIDs.decode(rest, into: rows, ids: &ids) == rest.count
    default: return false
    }
    let prefixLength = Int(truncatingIfNeeded: reader.varint())
    guard prefixLength >= 0, prefixLength <= reader.remaining, !reader.isDamaged else { return false }
    let prefix = UnsafeRawBufferPointer(rebasing: bytes[reader.position..<reader.position + prefixLength])
    reader.position += prefixLength
    for index in 0..<rows.count {
      let rest = Int(rows[index].idLength) - prefixLength
      guard rest >= 0, rest <= reader.remaining else { return false }
      rows[index].idOffset = UInt32(ids.count)
      ids.append(contentsOf: prefix)
      ids.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[reader.position..<reader.position + rest]))
      reader.position += rest
    }
    return reader.remaining == 0 && !reader.isDamaged
  }
}
