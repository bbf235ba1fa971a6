#if canImport(Glibc)
import Glibc
#endif

/// A text to be matched in any letter case. Most texts that differ do so in their length or their first eight bytes, which are
/// compared at once.
struct Spelling: Sendable {
  /// In lower case (ASCII letters; all other bytes as they are).
  let bytes: [UInt8]
  let count: Int
  /// The first eight bytes, the first in the lowest place; 0 where there is none.
  let head: UInt64

  init(_ text: String) {
    bytes = text.utf8.map(\.lowercase)
    count = bytes.count
    head = bytes.withUnsafeBufferPointer { $0.head }
  }
}

extension Bytes {
  /// As ``Spelling/head``, in lower case.
  @inline(__always)
  var head: UInt64 {
    var word: UInt64 = 0
    if count >= 8 {
      word = UInt64(littleEndian: UnsafeRawPointer(baseAddress!).loadUnaligned(as: UInt64.self))
    } else {
      for index in 0..<count { word |= UInt64(self[index]) << UInt64(8 * index) }
    }
    // In each byte of ASCII a high bit where it is at least A, and where it is above Z.
    let ascii = ~word & 0x8080_8080_8080_8080
    let low = word & 0x7F7F_7F7F_7F7F_7F7F
    let isUpper = (low &+ 0x3F3F_3F3F_3F3F_3F3F) & ~(low &+ 0x2525_2525_2525_2525) & ascii
    return word | isUpper >> 2
  }

  /// Whether these are the same letters in any case.
  @inline(__always)
  func matches(_ spelling: Spelling) -> Bool { matches(spelling, head: head) }

  /// - Parameter head: these bytes' own, computed once for many spellings.
  @inline(__always)
  func matches(_ spelling: Spelling, head: UInt64) -> Bool {
    guard count == spelling.count, head == spelling.head else { return false }
    return count <= 8 || matchesRest(spelling)
  }

  private func matchesRest(_ spelling: Spelling) -> Bool {
    for index in 8..<count where self[index].lowercase != spelling.bytes[index] { return false }
    return true
  }

  /// Where a byte stands first from an index on, or nil.
  @inline(__always)
  func firstIndex(ofByte byte: UInt8, from start: Int = 0) -> Int? {
    guard start < count, let found = memchr(baseAddress! + start, Int32(byte), count - start) else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(baseAddress!)
  }
}
