import Verdicts

/// Numbers the dimension values of one batch. Each spelling is canonicalised once; a record costs one hash look-up.
struct ValueInterner {
  /// What a spelling stands for.
  struct Entry {
    /// Index into the batch's values.
    var index: UInt32
    var isUnrecognised: Bool
  }

  private let dimension: Dimension
  private(set) var values: [String] = []
  private var indexOfValue: [ExactText: UInt32] = [:]
  private var spellings: [Spelling] = []
  private var bytes: [UInt8] = []
  private var slots: [Int32]
  /// The spelling that was looked up last.
  private var latest = 0

  private struct Spelling {
    var hash: UInt64
    var offset: Int32
    var length: Int32
    var entry: Entry
  }

  init(_ dimension: Dimension) {
    self.dimension = dimension
    slots = [Int32](repeating: -1, count: 512)
  }

  /// Forgets everything: the next batch numbers its values anew.
  mutating func removeAll() {
    values = []
    indexOfValue.removeAll(keepingCapacity: true)
    spellings.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    if slots.count > 4_096 {
      slots = [Int32](repeating: -1, count: 512)
    } else {
      for index in slots.indices { slots[index] = -1 }
    }
  }

  /// The entry of a spelling of 1 byte or more.
  @inline(__always)
  mutating func entry(of text: UnsafeBufferPointer<UInt8>) throws(RejectionCode) -> Entry {
    // Often the record before had the same.
    if latest < spellings.count, Int(spellings[latest].length) == text.count, equals(spellings[latest], text) { return spellings[latest].entry }
    let hash = Self.hash(text)
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let found = slots[slot]
      if found < 0 { break }
      let spelling = spellings[Int(found)]
      if spelling.hash == hash && Int(spelling.length) == text.count && equals(spelling, text) {
        latest = Int(found)
        return spelling.entry
      }
      slot = (slot + 1) & mask
    }
    return try insert(text, hash: hash)
  }

  private func equals(_ spelling: Spelling, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.withUnsafeBufferPointer { bytes in
      for index in 0..<text.count where bytes[Int(spelling.offset) + index] != text[index] { return false }
      return true
    }
  }

  private mutating func insert(_ text: UnsafeBufferPointer<UInt8>, hash: UInt64) throws(RejectionCode) -> Entry {
    let (value, isUnrecognised) = try Self.canonical(text, of: dimension)
    let entry = Entry(index: index(of: value), isUnrecognised: isUnrecognised)
    spellings.append(Spelling(hash: hash, offset: Int32(bytes.count), length: Int32(text.count), entry: entry))
    bytes.append(contentsOf: text)
    if spellings.count * 2 > slots.count {
      slots = [Int32](repeating: -1, count: slots.count * 4)
      for index in spellings.indices { place(index) }
    } else {
      place(spellings.count - 1)
    }
    return entry
  }

  /// The number of a value that is canonical already.
  mutating func index(of value: String) -> UInt32 {
    if let known = indexOfValue[ExactText(value)] { return known }
    let index = UInt32(values.count)
    values.append(value)
    indexOfValue[ExactText(value)] = index
    return index
  }

  private mutating func place(_ spelling: Int) {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: spellings[spelling].hash) & mask
    while slots[slot] >= 0 { slot = (slot + 1) & mask }
    slots[slot] = Int32(spelling)
  }

  /// The canonical form of a dimension value, and whether it stands for one that was not recognised.
  ///
  /// - Throws: `badValue` for what is no value at all: over 64 bytes, control characters, an unknown stage.
  static func canonical(_ text: UnsafeBufferPointer<UInt8>, of dimension: Dimension) throws(RejectionCode) -> (String, Bool) {
    guard text.count <= Dimension.valueBytesMax, !ControlCharacters.occur(in: text) else { throw .badValue }
    switch dimension {
    case .language:
      guard let tag = LanguageTag.canonical(text) else { return (LanguageTag.undetermined, true) }
      return (tag, false)
    case .region:
      guard let code = RegionCode.canonical(text) else { return (RegionCode.unknown, true) }
      return (code, false)
    case .stage:
      let stage = String(decoding: text, as: UTF8.self)
      guard Stage.names.contains(stage) else { throw .badValue }
      return (stage, false)
    case .source, .model, .method:
      return (String(decoding: text, as: UTF8.self), false)
    }
  }

  @inline(__always)
  private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash = UInt64(text.count) &* 0x9E37_79B9_7F4A_7C15
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
}
