import Verdicts

/// Matches the names of risk types in any case, with space and `-` read as `_`.
enum RiskTypeNames {
  /// The type of a name, or nil where none has it.
  static func type(of name: UnsafeBufferPointer<UInt8>) -> RiskType? {
    guard name.count <= longest else { return nil }
    for type in RiskType.allCases where matches(name, spellings[Int(type.rawValue)]) { return type }
    return nil
  }

  private static let spellings = RiskType.names.map { Array($0.utf8) }
  private static let longest = spellings.map(\.count).max() ?? 0

  private static func matches(_ name: UnsafeBufferPointer<UInt8>, _ spelling: [UInt8]) -> Bool {
    guard name.count == spelling.count else { return false }
    for index in 0..<name.count {
      var byte = name[index]
      if byte == 0x20 || byte == 0x2D { byte = 0x5F } else if byte &- 0x41 < 26 { byte |= 0x20 }
      if byte != spelling[index] { return false }
    }
    return true
  }
}
