package import Verdicts

/// A JSON text as a flat list of its values, in memory that the next text uses again.
///
/// Read as strictly as a record is: nothing is guessed or repaired. A value stands before what it holds, so stepping over one is
/// a look at ``Node/next``. Not for use from two threads at once.
package final class JSONDocument {
  package enum Kind: UInt8, Sendable {
    case null, bool, number, string, array, object
  }

  struct Node {
    var kind: Kind
    /// For `bool`.
    var isTrue = false
    /// Where a string's or number's bytes begin in the document's own.
    var start = 0
    /// Bytes of a string or number; members of an object, elements of an array.
    var count = 0
    /// The index after this value and all it holds.
    var next = 0
  }

  private(set) var nodes: [Node] = []
  private var bytes: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var count = 0
  private var scratch: ScratchBytes
  private let nestingMax: Int

  /// Whether an object names a member twice: which of them counts is anybody's guess.
  package private(set) var repeatsName = false

  /// - Parameter nestingMax: arrays and objects inside one another.
  package init(nestingMax: Int) {
    self.nestingMax = nestingMax
    capacity = 4_096
    bytes = .allocate(capacity: capacity)
    scratch = ScratchBytes(capacity: capacity)
  }

  deinit { bytes.deallocate() }

  /// Reads a text of one value; what was read before is gone.
  ///
  /// - Throws: as the reader of records does for a line.
  package func read(_ text: UnsafeBufferPointer<UInt8>) throws(RejectionCode) -> JSONValue {
    nodes.removeAll(keepingCapacity: true)
    count = 0
    repeatsName = false
    // Strings are never longer than they are written, so nothing moves while the text is read.
    if text.count > capacity {
      bytes.deallocate()
      capacity = text.count * 2
      bytes = .allocate(capacity: capacity)
      scratch = ScratchBytes(capacity: capacity)
    }
    var scanner = JSONScanner(text, nestingMax: nestingMax, scratch: scratch.start)
    try value(&scanner, depth: 0)
    _ = scanner.peek()
    guard scanner.isAtEnd else { throw .trailingText }
    return JSONValue(document: self, index: 0)
  }

  func text(of node: Node) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes + node.start, count: node.count) }

  private func value(_ scanner: inout JSONScanner, depth: Int) throws(RejectionCode) {
    let index = nodes.count
    switch scanner.peek() {
    case 0x22:
      try string(&scanner)
    case 0x7B:
      guard depth < nestingMax else { throw .tooDeep }
      nodes.append(Node(kind: .object))
      var names: Set<[UInt8]> = []
      scanner.skipByte()
      if scanner.peek() == 0x7D {
        scanner.skipByte()
      } else {
        repeat {
          guard scanner.peek() == 0x22 else { throw .badJSON }
          let name = nodes.count
          try string(&scanner)
          nodes[name].next = name + 1
          if isRepeated(name, in: index, &names) { repeatsName = true }
          nodes[index].count += 1
          try scanner.expect(0x3A)
          try value(&scanner, depth: depth + 1)
        } while try scanner.skipComma(orEnd: 0x7D)
      }
    case 0x5B:
      guard depth < nestingMax else { throw .tooDeep }
      nodes.append(Node(kind: .array))
      scanner.skipByte()
      if scanner.peek() == 0x5D {
        scanner.skipByte()
      } else {
        repeat {
          nodes[index].count += 1
          try value(&scanner, depth: depth + 1)
        } while try scanner.skipComma(orEnd: 0x5D)
      }
    case 0x74: try word(&scanner, "true", Node(kind: .bool, isTrue: true))
    case 0x66: try word(&scanner, "false", Node(kind: .bool))
    case 0x6E: try word(&scanner, "null", Node(kind: .null))
    default:
      let start = scanner.cursor
      _ = try scanner.number()
      append(UnsafeBufferPointer(start: start, count: scanner.cursor - start), kind: .number)
    }
    nodes[index].next = nodes.count
  }

  private func string(_ scanner: inout JSONScanner) throws(RejectionCode) { append(try scanner.string(), kind: .string) }

  private func word(_ scanner: inout JSONScanner, _ word: StaticString, _ node: Node) throws(RejectionCode) {
    guard scanner.skipWord(word) else { throw .badJSON }
    nodes.append(node)
  }

  private func append(_ text: UnsafeBufferPointer<UInt8>, kind: Kind) {
    nodes.append(Node(kind: kind, start: count, count: text.count))
    if let start = text.baseAddress { (bytes + count).update(from: start, count: text.count) }
    count += text.count
  }

  /// Members up to which names are compared one by one; for more a set is made.
  private static let membersCompared = 32

  private func isRepeated(_ name: Int, in object: Int, _ names: inout Set<[UInt8]>) -> Bool {
    let text = text(of: nodes[name])
    if nodes[object].count > Self.membersCompared { return !names.insert(Array(text)).inserted }
    var isRepeated = false
    let makesSet = nodes[object].count == Self.membersCompared
    var other = object + 1
    while other < name {
      if self.text(of: nodes[other]).elementsEqual(text) { isRepeated = true }
      if makesSet { names.insert(Array(self.text(of: nodes[other]))) }
      other = nodes[other + 1].next
    }
    if makesSet { names.insert(Array(text)) }
    return isRepeated
  }
}
