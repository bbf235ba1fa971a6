public import Verdicts

extension RejectionCode: Error {}

/// Walks over one line of JSON, strictly by RFC 8259: no guess, no repair, UTF-8 checked in every string.
///
/// The line is borrowed; nothing is copied but strings with escapes, which are written to a scratch buffer that the next such
/// string overwrites.
///
/// What each record calls many times is public, and not package, for the compiler inlines only that into other modules: calls cost a
/// tenth of reading a record.
@frozen
public struct JSONScanner {
  public var cursor: UnsafePointer<UInt8>
  public let end: UnsafePointer<UInt8>
  public let nestingMax: Int
  /// Where strings with escapes are written; may be exchanged between strings that must outlive the next one.
  public var scratch: UnsafeMutablePointer<UInt8>

  /// - Parameters:
  ///   - nestingMax: arrays and objects inside one another, the record's own object being the first.
  ///   - scratch: as large as the line; it must outlive the scanner.
  @inlinable
  public init(_ line: UnsafeBufferPointer<UInt8>, nestingMax: Int, scratch: UnsafeMutablePointer<UInt8>) {
    cursor = line.baseAddress ?? UnsafePointer(scratch)
    end = cursor + line.count
    self.nestingMax = nestingMax
    self.scratch = scratch
  }

  /// The first byte of the next token, or 0 at the end of the line.
  @inline(__always)
  @inlinable
  public mutating func peek() -> UInt8 {
    while cursor < end {
      let byte = cursor.pointee
      if byte > 0x20 || !(byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A) { return byte }
      cursor += 1
    }
    return 0
  }

  @inlinable
  public var isAtEnd: Bool { cursor == end }

  /// Steps over a byte that ``peek()`` has shown.
  @inline(__always)
  @inlinable
  public mutating func skipByte() { cursor += 1 }

  /// Steps over one expected punctuation mark.
  @inline(__always)
  @inlinable
  public mutating func expect(_ byte: UInt8) throws(RejectionCode) {
    guard peek() == byte, cursor < end else { throw .badJSON }
    cursor += 1
  }

  /// Whether the next token is `null`, `true` or `false`, which is then stepped over.
  package mutating func skipWord(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard end - cursor >= length else { return false }
    for index in 0..<length where cursor[index] != word.utf8Start[index] { return false }
    cursor += length
    return true
  }

  /// Steps over any value, checking it as strictly as the ones that are read.
  ///
  /// - Parameters:
  ///   - depth: how many arrays and objects are open around the value.
  ///   - checksText: whether what strings hold is checked too; without, one bad string leaves it known where its value ends.
  package mutating func skipValue(depth: Int, checksText: Bool = true) throws(RejectionCode) {
    switch peek() {
    case 0x22: try skipString(checksText)
    case 0x7B:
      guard depth < nestingMax else { throw .tooDeep }
      cursor += 1
      if peek() == 0x7D, cursor < end {
        cursor += 1
        return
      }
      while true {
        guard peek() == 0x22 else { throw .badJSON }
        try skipString(checksText)
        try expect(0x3A)
        try skipValue(depth: depth + 1, checksText: checksText)
        if try !skipComma(orEnd: 0x7D) { return }
      }
    case 0x5B:
      guard depth < nestingMax else { throw .tooDeep }
      cursor += 1
      if peek() == 0x5D, cursor < end {
        cursor += 1
        return
      }
      repeat { try skipValue(depth: depth + 1, checksText: checksText) } while try skipComma(orEnd: 0x5D)
    case 0x2D, 0x30...0x39: _ = try number()
    case 0x74: if !skipWord("true") { throw .badJSON }
    case 0x66: if !skipWord("false") { throw .badJSON }
    case 0x6E: if !skipWord("null") { throw .badJSON }
    default: throw .badJSON
    }
  }

  private mutating func skipString(_ isChecked: Bool) throws(RejectionCode) {
    guard !isChecked else {
      _ = try string()
      return
    }
    try expect(0x22)
    while cursor < end {
      let byte = cursor.pointee
      cursor += 1
      if byte == 0x22 { return }
      if byte == 0x5C, cursor < end { cursor += 1 }
    }
    throw .badJSON
  }

  /// True after a comma, false after the closing mark.
  @inline(__always)
  @inlinable
  public mutating func skipComma(orEnd mark: UInt8) throws(RejectionCode) -> Bool {
    let byte = peek()
    guard cursor < end else { throw .badJSON }
    cursor += 1
    if byte == 0x2C { return true }
    if byte == mark { return false }
    throw .badJSON
  }
}
