import ByteCoding
package import Verdicts

/// The checksum beside each listed dimension value. A renamed value would silently rename all its verdicts.
package enum DimensionValueChecksum {
  package static func of(_ value: String, code: UInt32, in dimension: Dimension) -> Int64 {
    var writer = ByteWriter()
    writer.byte(dimension.rawValue)
    writer.littleEndian(UInt64(code), width: 4)
    writer.bytes.append(contentsOf: value.utf8)
    return Int64(CRC32C.checksum(writer.bytes))
  }
}
