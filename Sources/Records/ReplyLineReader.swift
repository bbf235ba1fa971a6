package import Guards
import JSONReading
package import Verdicts

/// Reads lines that are each a guard's reply, or an object with `output` and perhaps `context`, without storing anything.
package struct ReplyLineReader {
  private let format: GuardFormat
  private let settings: RecordSettings
  private let replies: ReplyReader
  private let contextDocument: JSONDocument
  private let scratch: ScratchBytes
  /// Formats that may have been meant by the `guard` that was read last.
  package private(set) var nearestNames: [String] = []

  package init(format: GuardFormat, settings: RecordSettings) {
    self.format = format
    self.settings = settings
    replies = ReplyReader(thresholds: settings.thresholds, nestingMax: settings.nestingMax)
    contextDocument = JSONDocument(nestingMax: settings.nestingMax)
    scratch = ScratchBytes(capacity: settings.lineBytesMax + 8)
  }

  /// - Throws: why the line is no reply: it is not JSON, or its context is not what the format needs.
  package mutating func read(_ line: UnsafeBufferPointer<UInt8>) throws(RejectionCode) -> GuardReply {
    nearestNames = []
    var output = line
    var context = settings.context
    var scanner = JSONScanner(line, nestingMax: settings.nestingMax, scratch: scratch.start)
    if scanner.peek() == 0x7B {
      let (wrapped, contextBytes) = try members(&scanner)
      if let wrapped {
        output = wrapped
        if let contextBytes { context = try self.context(contextBytes) }
      }
    } else {
      let first = scanner.peek()
      try scanner.skipValue(depth: 0)
      if first != 0x22, first != 0x5B { throw .notAnObject }
    }
    _ = scanner.peek()
    guard scanner.isAtEnd else { throw .trailingText }
    if format.shape == .chatCompletion, context.guardFormat == nil { throw .missingContext }
    return replies.read(.json(output), format: format.index, context: context)
  }

  private mutating func context(_ bytes: UnsafeBufferPointer<UInt8>) throws(RejectionCode) -> GuardContext {
    let value = try contextDocument.read(bytes)
    nearestNames = GuardContext.nearestGuards(in: value)
    return try GuardContext(value, over: settings.context)
  }

  /// The bytes of an object's `output` and `context`.
  private func members(
    _ scanner: inout JSONScanner
  ) throws(RejectionCode) -> (output: UnsafeBufferPointer<UInt8>?, context: UnsafeBufferPointer<UInt8>?) {
    var output: UnsafeBufferPointer<UInt8>?
    var context: UnsafeBufferPointer<UInt8>?
    scanner.skipByte()
    if scanner.peek() == 0x7D {
      scanner.skipByte()
      return (nil, nil)
    }
    repeat {
      guard scanner.peek() == 0x22 else { throw .badJSON }
      let field = RecordField.named(try scanner.string())
      try scanner.expect(0x3A)
      _ = scanner.peek()
      let start = scanner.cursor
      try scanner.skipValue(depth: 1)
      let bytes = UnsafeBufferPointer(start: start, count: scanner.cursor - start)
      if field == .output {
        guard output == nil else { throw .duplicateField }
        output = bytes
      } else if field == .context {
        guard context == nil else { throw .duplicateField }
        context = bytes
      }
    } while try scanner.skipComma(orEnd: 0x7D)
    return (output, context)
  }
}
