/// Part of a reply, borrowed for the length of a call.
package typealias Bytes = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer<UInt8> {
  func part(_ range: Range<Int>) -> Bytes { Bytes(rebasing: self[range]) }
  func part(from start: Int) -> Bytes { Bytes(rebasing: self[start...]) }

  /// Whether a text begins with these letters in any case.
  ///
  /// - Parameter lower: in lower case.
  @inline(__always)
  func hasPrefix(_ lower: [UInt8]) -> Bool {
    guard count >= lower.count else { return false }
    for index in 0..<lower.count where self[index].lowercase != lower[index] { return false }
    return true
  }

  func hasSuffix(_ bytes: [UInt8]) -> Bool {
    guard count >= bytes.count else { return false }
    for index in 0..<bytes.count where self[count - bytes.count + index] != bytes[index] { return false }
    return true
  }

  /// Where a text stands first from an index on, or nil.
  ///
  /// - Parameter lower: at least one byte, in lower case.
  func firstIndex(of lower: [UInt8], from start: Int = 0) -> Int? {
    var index = start
    while index + lower.count <= count {
      if part(from: index).hasPrefix(lower) { return index }
      index += 1
    }
    return nil
  }

  /// Without white space at both ends: ASCII's, the no-break and the ideographic space, and a byte order mark.
  @inline(__always)
  var trimmed: Bytes {
    var start = 0
    var end = count
    while start < end {
      let length = Self.spaceLength(self, at: start, before: end)
      if length == 0 { break }
      start += length
    }
    while end > start {
      if self[end - 1].isASCIISpace {
        end -= 1
      } else if self[end - 1] >= 0x80, end - start >= 2, Self.spaceLength(self, at: end - 2, before: end) == 2 {
        end -= 2
      } else if self[end - 1] >= 0x80, end - start >= 3, Self.spaceLength(self, at: end - 3, before: end) == 3 {
        end -= 3
      } else {
        break
      }
    }
    return part(start..<end)
  }

  @inline(__always)
  private static func spaceLength(_ bytes: Bytes, at index: Int, before end: Int) -> Int {
    let byte = bytes[index]
    if byte.isASCIISpace { return 1 }
    if byte < 0x80 { return 0 }
    if byte == 0xC2, index + 1 < end, bytes[index + 1] == 0xA0 { return 2 }
    if index + 2 < end {
      if byte == 0xE3, bytes[index + 1] == 0x80, bytes[index + 2] == 0x80 { return 3 }
      if byte == 0xEF, bytes[index + 1] == 0xBB, bytes[index + 2] == 0xBF { return 3 }
    }
    return 0
  }

  /// Where the first colon stands, ASCII's or the full-width one, and its length.
  @inline(__always)
  var firstColon: (index: Int, length: Int)? {
    for index in 0..<count {
      if self[index] == 0x3A { return (index, 1) }
      if self[index] == 0xEF, index + 2 < count, self[index + 1] == 0xBC, self[index + 2] == 0x9A { return (index, 3) }
    }
    return nil
  }

  /// Bytes of a comma at an index (ASCII's, the full-width and the ideographic one), or 0.
  @inline(__always)
  func commaLength(at index: Int) -> Int {
    if self[index] == 0x2C { return 1 }
    guard self[index] >= 0x80, index + 2 < count else { return 0 }
    if self[index] == 0xEF, self[index + 1] == 0xBC, self[index + 2] == 0x8C { return 3 }
    if self[index] == 0xE3, self[index + 1] == 0x80, self[index + 2] == 0x81 { return 3 }
    return 0
  }
}

extension UInt8 {
  @inline(__always)
  var lowercase: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
  @inline(__always)
  var isASCIISpace: Bool { self == 0x20 || self &- 0x09 < 5 }
  @inline(__always)
  var isASCIILetter: Bool { self.lowercase &- 0x61 < 26 }
  @inline(__always)
  var isASCIIDigit: Bool { self &- 0x30 < 10 }
}

extension String {
  /// The bytes with ASCII letters in lower case, to be matched against.
  var lowercaseBytes: [UInt8] { utf8.map(\.lowercase) }
}
