public import Verdicts

extension JSONScanner {
  /// Reads a string. The bytes are valid until the next string with an escape is read.
  @inline(__always)
  @inlinable
  public mutating func string() throws(RejectionCode) -> UnsafeBufferPointer<UInt8> {
    try expect(0x22)
    let start = cursor
    while end - cursor >= 8 {
      let plain = Self.plainBytes(UInt64(littleEndian: UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self)))
      cursor += plain
      if plain == 8 { continue }
      if cursor.pointee == 0x22 {
        cursor += 1
        return UnsafeBufferPointer(start: start, count: cursor - 1 - start)
      }
      break
    }
    return try restOfString(from: start)
  }

  /// How many of eight bytes come before the first that is a quote, a backslash, a control character or not ASCII.
  @inline(__always)
  @inlinable
  static func plainBytes(_ word: UInt64) -> Int {
    let quote = word ^ 0x2222_2222_2222_2222
    let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
    // A high bit for each; the lowest is exact, for a borrow can only come from a byte that is marked itself.
    let found =
      ((quote &- 0x0101_0101_0101_0101) & ~quote | (backslash &- 0x0101_0101_0101_0101) & ~backslash
        | (word &- 0x2020_2020_2020_2020) & ~word | word) & 0x8080_8080_8080_8080
    return found.trailingZeroBitCount >> 3
  }

  @usableFromInline
  mutating func restOfString(from start: UnsafePointer<UInt8>) throws(RejectionCode) -> UnsafeBufferPointer<UInt8> {
    while cursor < end {
      let byte = cursor.pointee
      if byte == 0x22 {
        cursor += 1
        return UnsafeBufferPointer(start: start, count: cursor - 1 - start)
      }
      if byte == 0x5C { return try escapedString(from: start) }
      if byte < 0x20 { throw .badJSON }
      if byte < 0x80 { cursor += 1 } else { try skipMultibyte() }
    }
    throw .badJSON
  }

  private mutating func escapedString(from start: UnsafePointer<UInt8>) throws(RejectionCode) -> UnsafeBufferPointer<UInt8> {
    var length = cursor - start
    scratch.update(from: start, count: length)
    while cursor < end {
      if end - cursor >= 8 {
        // Written as a whole: what is no plain byte is overwritten.
        let word = UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self)
        UnsafeMutableRawPointer(scratch + length).storeBytes(of: word, as: UInt64.self)
        let plain = Self.plainBytes(UInt64(littleEndian: word))
        cursor += plain
        length += plain
        if plain == 8 { continue }
      }
      let byte = cursor.pointee
      if byte == 0x22 {
        cursor += 1
        return UnsafeBufferPointer(start: scratch, count: length)
      }
      if byte == 0x5C {
        cursor += 1
        length += try escape(into: scratch + length)
      } else if byte < 0x20 {
        throw .badJSON
      } else {
        let from = cursor
        if byte < 0x80 { cursor += 1 } else { try skipMultibyte() }
        (scratch + length).update(from: from, count: cursor - from)
        length += cursor - from
      }
    }
    throw .badJSON
  }

  /// Reads what follows a backslash and writes the character's UTF-8, which is never longer than the escape.
  private mutating func escape(into target: UnsafeMutablePointer<UInt8>) throws(RejectionCode) -> Int {
    guard cursor < end else { throw .badJSON }
    let byte = cursor.pointee
    cursor += 1
    switch byte {
    case 0x22, 0x5C, 0x2F: target.pointee = byte
    case 0x62: target.pointee = 0x08
    case 0x66: target.pointee = 0x0C
    case 0x6E: target.pointee = 0x0A
    case 0x72: target.pointee = 0x0D
    case 0x74: target.pointee = 0x09
    case 0x75:
      var scalar = try hexadecimal()
      if (0xDC00...0xDFFF).contains(scalar) { throw .badEscape }
      if (0xD800...0xDBFF).contains(scalar) {
        guard end - cursor >= 2, cursor[0] == 0x5C, cursor[1] == 0x75 else { throw .badEscape }
        cursor += 2
        let low = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(low) else { throw .badEscape }
        scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
      }
      var length = 0
      for unit in UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? .init() {
        target[length] = unit
        length += 1
      }
      return length
    default: throw .badEscape
    }
    return 1
  }

  private mutating func hexadecimal() throws(RejectionCode) -> UInt32 {
    guard end - cursor >= 4 else { throw .badEscape }
    var value: UInt32 = 0
    for _ in 0..<4 {
      let byte = cursor.pointee
      switch byte {
      case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
      case 0x41...0x46: value = value << 4 | UInt32(byte - 0x37)
      case 0x61...0x66: value = value << 4 | UInt32(byte - 0x57)
      default: throw .badEscape
      }
      cursor += 1
    }
    return value
  }

  /// Steps over one character of two to four bytes (Unicode 15, table 3-7: no overlong form, no surrogate, none above
  /// U+10FFFF).
  private mutating func skipMultibyte() throws(RejectionCode) {
    let first = cursor.pointee
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0:
      length = 3
      second = 0xA0...0xBF
    case 0xED:
      length = 3
      second = 0x80...0x9F
    case 0xE1...0xEF: length = 3
    case 0xF0:
      length = 4
      second = 0x90...0xBF
    case 0xF1...0xF3: length = 4
    case 0xF4:
      length = 4
      second = 0x80...0x8F
    default: throw .badUTF8
    }
    guard end - cursor >= length, second.contains(cursor[1]) else { throw .badUTF8 }
    for index in 2..<max(2, length) where !(0x80...0xBF).contains(cursor[index]) { throw .badUTF8 }
    cursor += length
  }
}
