import ByteCoding
package import Verdicts

/// Writes verdicts as the payload of a block: column by column, each as its minimum and fixed-width steps above it.
///
///     version      byte
///     rows         varint
///     columns      time, source, language, region, model, method, attributes, risk types, native names (from version 2 on),
///                  latency + 1 (0: none), id length: each a varint minimum, a byte of width (0, 1, 2, 3, 4 or 8) and rows × width bytes, lowest byte first
///     ids          a byte: 0 plain, 1 packed
///       plain      varint length of what all ids begin with, those bytes, and the rest of each id, end to end
///       packed     for ids of one length that differ in hexadecimal digits alone (UUIDs, padded numbers): the first id, a bit for
///                  each of its places that differs in another id (lowest first, whole bytes), and for each id the digits of
///                  those places, two to a byte, the first in the high half
///     CRC-32C      over all before, 4 bytes
///
/// Attributes are ``VerdictAttributes``.
package enum VerdictBlockEncoder {
  static let version: UInt8 = 2
  /// Rows of a block at the most. Larger blocks cost less in bulk, smaller ones less where one late verdict is added.
  package static let rowsMax = 1_024

  /// - Parameters:
  ///   - rows: 1 to ``rowsMax`` in ascending order of key.
  ///   - ids: what the rows' offsets point into, or nil for a block without ids, of which ``VerdictColumns`` alone can be read.
  package static func encode(_ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>?) -> [UInt8] {
    var writer = ByteWriter()
    writer.bytes.reserveCapacity(rows.count * 40 + 256)
    writer.byte(version)
    writer.varint(UInt64(rows.count))
    column(rows, &writer) { UInt64(bitPattern: $0.pointee.time) }
    column(rows, &writer) { UInt64($0.pointee.codes[Dimension.source.lane]) }
    column(rows, &writer) { UInt64($0.pointee.codes[Dimension.language.lane]) }
    column(rows, &writer) { UInt64($0.pointee.codes[Dimension.region.lane]) }
    column(rows, &writer) { UInt64($0.pointee.codes[Dimension.model.lane]) }
    column(rows, &writer) { UInt64($0.pointee.codes[Dimension.method.lane]) }
    column(rows, &writer) { VerdictAttributes(of: $0.pointee).number }
    column(rows, &writer) { UInt64($0.pointee.riskTypes) }
    column(rows, &writer) { UInt64($0.pointee.codes[CodedField.nativeNames.lane]) }
    column(rows, &writer) { UInt64(bitPattern: $0.pointee.latency + 1) }
    column(rows, &writer) { UInt64($0.pointee.idLength) }
    if let ids { writeIDs(rows, ids: ids, &writer) }
    writer.checksum()
    return writer.bytes
  }

  @inline(__always)
  private static func column(
    _ rows: UnsafeBufferPointer<VerdictRow>, _ writer: inout ByteWriter, _ value: (UnsafePointer<VerdictRow>) -> UInt64
  ) {
    let first = rows.baseAddress!
    var low = UInt64.max
    var high = UInt64.min
    for index in 0..<rows.count {
      let next = value(first + index)
      low = min(low, next)
      high = max(high, next)
    }
    let width = width(of: high - low)
    writer.varint(low)
    writer.byte(UInt8(width))
    guard width > 0 else { return }
    let start = writer.bytes.count
    writer.bytes.append(contentsOf: repeatElement(0, count: rows.count * width))
    writer.bytes.withUnsafeMutableBytes { bytes in
      let target = bytes.baseAddress! + start
      switch width {
      case 1: for index in 0..<rows.count { target.storeBytes(of: UInt8(truncatingIfNeeded: value(first + index) - low), toByteOffset: index, as: UInt8.self) }
      case 2: for index in 0..<rows.count { target.storeBytes(of: UInt16(truncatingIfNeeded: value(first + index) - low).littleEndian, toByteOffset: 2 * index, as: UInt16.self) }
      case 3:
        for index in 0..<rows.count {
          let step = value(first + index) - low
          target.storeBytes(of: UInt16(truncatingIfNeeded: step).littleEndian, toByteOffset: 3 * index, as: UInt16.self)
          target.storeBytes(of: UInt8(truncatingIfNeeded: step >> 16), toByteOffset: 3 * index + 2, as: UInt8.self)
        }
      case 4: for index in 0..<rows.count { target.storeBytes(of: UInt32(truncatingIfNeeded: value(first + index) - low).littleEndian, toByteOffset: 4 * index, as: UInt32.self) }
      default: for index in 0..<rows.count { target.storeBytes(of: (value(first + index) - low).littleEndian, toByteOffset: 8 * index, as: UInt64.self) }
      }
    }
  }

  private static func width(of range: UInt64) -> Int {
    switch range {
    case 0: 0
    case ..<(1 << 8): 1
    case ..<(1 << 16): 2
    case ..<(1 << 24): 3
    case ..<(1 << 32): 4
    default: 8
    }
  }

  private static func writeIDs(_ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, _ writer: inout ByteWriter) {
    if let packed = PackedIDs.encode(rows, ids: ids) {
      writer.byte(1)
      writer.bytes.append(contentsOf: packed)
      return
    }
    writer.byte(0)
    let first = ids + Int(rows[0].idOffset)
    var prefix = Int(rows[0].idLength)
    var total = 0
    for row in rows {
      let id = ids + Int(row.idOffset)
      total += Int(row.idLength)
      prefix = min(prefix, Int(row.idLength))
      var same = 0
      while same < prefix && id[same] == first[same] { same += 1 }
      prefix = same
    }
    writer.varint(UInt64(prefix))
    writer.bytes.append(contentsOf: UnsafeBufferPointer(start: first, count: prefix))
    let start = writer.bytes.count
    writer.bytes.append(contentsOf: repeatElement(0, count: total - prefix * rows.count))
    writer.bytes.withUnsafeMutableBytes { bytes in
      var target = bytes.baseAddress! + start
      for row in rows {
        let length = Int(row.idLength) - prefix
        target.copyMemory(from: ids + Int(row.idOffset) + prefix, byteCount: length)
        target += length
      }
    }
  }
}
