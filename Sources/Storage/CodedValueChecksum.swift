import ByteCoding
package import Verdicts

/// The checksum beside each listed value. A renamed value would silently rename all its verdicts.
package enum CodedValueChecksum {
  package static func of(_ value: String, code: UInt32, in field: CodedField) -> Int64 {
    var writer = ByteWriter()
    writer.byte(field.rawValue)
    writer.littleEndian(UInt64(code), width: 4)
    writer.bytes.append(contentsOf: value.utf8)
    return Int64(CRC32C.checksum(writer.bytes))
  }
}
