#if canImport(Glibc)
import Glibc
#endif
import Verdicts

/// What short replies were read as. Guards write a few dozen texts over and over: most replies are known by their bytes.
///
/// Holds only replies with a verdict, and no longer ones than a guard's grammar makes: what may quote content is not kept even here.
struct ReplyMemory {
  /// Beside one another, so that looking one up copies no more than the reply.
  private var hashes = [UInt64](repeating: 0, count: entriesMax)
  private var formats = [Int](repeating: -1, count: entriesMax)
  private var texts = [[UInt8]](repeating: [], count: entriesMax)
  private var replies = [GuardReply](repeating: .unreadable, count: entriesMax)

  private static let entriesMax = 256
  static let textBytesMax = 160

  static func hash(_ text: Bytes, format: Int) -> UInt64 {
    var hash = UInt64(text.count) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(format)
    var index = 0
    while index + 8 <= text.count {
      hash = (hash ^ UnsafeRawPointer(text.baseAddress! + index).loadUnaligned(as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 32
      index += 8
    }
    while index < text.count {
      hash = (hash ^ UInt64(text[index])) &* 0x9E37_79B9_7F4A_7C15
      index += 1
    }
    return hash ^ hash >> 29
  }

  func reply(to text: Bytes, format: Int, hash: UInt64) -> GuardReply? {
    let place = Int(hash & UInt64(Self.entriesMax - 1))
    guard hashes[place] == hash, formats[place] == format, texts[place].count == text.count,
      texts[place].withUnsafeBytes({ memcmp($0.baseAddress!, text.baseAddress!, text.count) == 0 })
    else { return nil }
    return replies[place]
  }

  mutating func remember(_ reply: GuardReply, to text: Bytes, format: Int, hash: UInt64) {
    guard reply.verdict != .error else { return }
    let place = Int(hash & UInt64(Self.entriesMax - 1))
    hashes[place] = hash
    formats[place] = format
    texts[place] = Array(text)
    replies[place] = reply
  }
}
