/// Stored text before a reader's eyes: what is invisible is named, and what is written from right to left turns nothing around it.
enum ReaderText {
  /// A text whose invisible characters, and those that change the direction of others, stand as their numbers: two values that
  /// differ look different, and no value can turn the digits beside it.
  static func visible(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isInvisible) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isInvisible(scalar) {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "<U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)>"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A text between marks (Unicode annex 9, LRI and PDI) that keep its direction from what stands beside it; as it is where all of it
  /// runs from left to right.
  static func isolated(_ text: String) -> String {
    text.unicodeScalars.contains(where: isRightToLeft) ? "\u{2066}\(text)\u{2069}" : text
  }

  /// The joiners U+200C and U+200D are left alone: Persian and emoji are written with them.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
    default: false
    }
  }

  /// The blocks of scripts that are written from right to left.
  private static func isRightToLeft(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFC, 0x10800...0x10FFF, 0x1E800...0x1EFFF: true
    default: false
    }
  }
}
