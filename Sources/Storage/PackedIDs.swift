import Verdicts

/// Ids that differ in hexadecimal digits alone, as most ids do: half a byte for each digit that differs, nothing for the rest.
enum PackedIDs {
  /// Nil where the ids differ in length or in anything but digits and the letters a to f.
  static func encode(_ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>) -> [UInt8]? {
    let length = Int(rows[0].idLength)
    let first = ids + Int(rows[0].idOffset)
    var places = [UInt8](repeating: 0, count: length)
    let isOneLength = places.withUnsafeMutableBufferPointer { places in
      for row in rows {
        guard Int(row.idLength) == length else { return false }
        let id = ids + Int(row.idOffset)
        for index in 0..<length { places[index] |= id[index] ^ first[index] }
      }
      return true
    }
    guard isOneLength else { return nil }
    let varying = places.indices.filter { places[$0] != 0 }
    let bitmapBytes = (length + 7) / 8
    let rowBytes = (varying.count + 1) / 2
    var packed = [UInt8](repeating: 0, count: length + bitmapBytes + rows.count * rowBytes)
    let isHexadecimal = packed.withUnsafeMutableBufferPointer { packed in
      for index in 0..<length { packed[index] = first[index] }
      for index in varying { packed[length + index / 8] |= 1 << UInt8(index % 8) }
      var target = packed.baseAddress! + length + bitmapBytes
      var fault: UInt8 = 0
      return varying.withUnsafeBufferPointer { varying in
        digits.withUnsafeBufferPointer { digits in
          for row in rows {
            let id = ids + Int(row.idOffset)
            var place = 0
            while place + 1 < varying.count {
              let high = digits[Int(id[varying[place]])]
              let low = digits[Int(id[varying[place + 1]])]
              fault |= high | low
              target.pointee = high << 4 | low & 0x0F
              target += 1
              place += 2
            }
            if place < varying.count {
              let high = digits[Int(id[varying[place]])]
              fault |= high
              target.pointee = high << 4
              target += 1
            }
          }
          return fault & 0xF0 == 0
        }
      }
    }
    return isHexadecimal ? packed : nil
  }

  /// Appends the ids of all rows, which have their length already, and sets their offsets.
  ///
  /// - Returns: how many bytes were read, or nil where they are not what ``encode(_:ids:)`` wrote.
  static func decode(_ bytes: UnsafeRawBufferPointer, into rows: UnsafeMutableBufferPointer<VerdictRow>, ids: inout [UInt8]) -> Int? {
    let length = Int(rows[0].idLength)
    let bitmapBytes = (length + 7) / 8
    guard rows.allSatisfy({ Int($0.idLength) == length }), length + bitmapBytes <= bytes.count else { return nil }
    let varying = (0..<length).filter { bytes[length + $0 / 8] & (1 << UInt8($0 % 8)) != 0 }
    let rowBytes = (varying.count + 1) / 2
    let whole = length + bitmapBytes + rows.count * rowBytes
    guard whole <= bytes.count else { return nil }
    let start = ids.count
    ids.append(contentsOf: repeatElement(0, count: length * rows.count))
    ids.withUnsafeMutableBufferPointer { ids in
      varying.withUnsafeBufferPointer { varying in
        var source = length + bitmapBytes
        for index in 0..<rows.count {
          let target = ids.baseAddress! + start + index * length
          UnsafeMutableRawPointer(target).copyMemory(from: bytes.baseAddress!, byteCount: length)
          for place in 0..<varying.count {
            let pair = bytes[source + place / 2]
            target[varying[place]] = letter(place % 2 == 0 ? pair >> 4 : pair & 0x0F)
          }
          source += rowBytes
          rows[index].idOffset = UInt32(start + index * length)
        }
      }
    }
    return whole
  }

  private static func letter(_ digit: UInt8) -> UInt8 { digit < 10 ? 0x30 + digit : 0x57 + digit }

  /// For each byte its value as a digit, or 0xFF.
  private static let digits: [UInt8] = (0...255).map { byte in
    switch UInt8(byte) {
    case 0x30...0x39: UInt8(byte) - 0x30
    case 0x61...0x66: UInt8(byte) - 0x57
    default: 0xFF
    }
  }
}
