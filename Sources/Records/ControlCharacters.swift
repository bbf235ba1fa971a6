/// Unicode's control characters (category Cc): U+0000 to U+001F and U+007F to U+009F.
enum ControlCharacters {
  /// Whether one stands in valid UTF-8.
  static func occur(in text: UnsafeBufferPointer<UInt8>) -> Bool {
    for index in 0..<text.count {
      let byte = text[index]
      if byte < 0x20 || byte == 0x7F { return true }
      // U+0080 to U+009F are C2 80 to C2 9F.
      if byte == 0xC2, index + 1 < text.count, text[index + 1] < 0xA0 { return true }
    }
    return false
  }
}
