import HTTPTypes
import JSONReading
import NIOCore
import Records
import Synchronization
import Verdicts

/// Turns a body into a batch: one object, an array of them, or lines. To be used again for one body after another.
final class DeliveryReader {
  private var records: RecordReader
  private let settings: RecordSettings
  private let now: @Sendable () -> Timestamp

  init(settings: RecordSettings, now: @escaping @Sendable () -> Timestamp) {
    self.settings = settings
    self.now = now
    records = RecordReader(input: "http", settings: settings)
  }

  /// - Parameter isLines: whether the sender says that each line is a record; else the first byte tells.
  /// - Throws: ``RequestFault`` for a body that is no list of records: nothing of it is to be stored.
  func read(_ body: ByteBuffer, isLines: Bool) throws -> VerdictBatch {
    records.beginBatch(now: now())
    try body.withUnsafeReadableBytes { bytes in
      let text = bytes.bindMemory(to: UInt8.self)
      var start = 0
      if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF { start = 3 }
      let first = text[start...].first { !Self.isSpace($0) }
      if !isLines, first == 0x5B {
        try readArray(UnsafeBufferPointer(rebasing: text[start...]), offset: start)
      } else if !isLines, first == 0x7B, isOneValue(UnsafeBufferPointer(rebasing: text[start...])) {
        records.read(UnsafeBufferPointer(rebasing: text[start...]), at: LinePosition(line: 1, offset: UInt64(start), length: UInt32(clamping: text.count - start)))
      } else {
        try readLines(text, from: start)
      }
    }
    let batch = records.finishBatch()
    guard !batch.rows.isEmpty || batch.rejections.contains(where: { !Self.isSyntax($0.code) }) || batch.read == 0 && isEmptyList else {
      throw RequestFault(.badRequest, "not_json", "no line of the body is JSON; send one JSON object, an array of them, or one a line (NDJSON)")
    }
    return batch
  }

  /// Whether the body at hand was an array without elements.
  private var isEmptyList = false

  private func readLines(_ text: UnsafeBufferPointer<UInt8>, from begin: Int) throws {
    isEmptyList = false
    var start = begin
    var line: UInt64 = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != 0x0A { end += 1 }
      line += 1
      try refuseTooMany(line)
      var length = end - start
      if end < text.count, length > 0, text[end - 1] == 0x0D { length -= 1 }
      let position = LinePosition(line: line, offset: UInt64(start), length: UInt32(clamping: length))
      let record = UnsafeBufferPointer(rebasing: text[start..<start + length])
      if length > settings.lineBytesMax {
        records.reject(.lineTooLong, at: position)
      } else if record.contains(where: { !Self.isSpace($0) }) {
        records.read(record, at: position)
      }
      start = end + 1
    }
  }

  /// An element that is nested over the records' own bound is refused alone, as is one with a bad string.
  private static let arrayNestingMax = 1_000

  private func refuseTooMany(_ count: UInt64) throws {
    guard count <= settings.deliveryRecordsMax else {
      throw RequestFault(
        .contentTooLarge, "too_many_records", "the body has over \(settings.deliveryRecordsMax) records or lines (--body-records-max); send smaller batches",
        endsConnection: true)
    }
  }

  /// Nothing is read as a record before the array is known to have an end.
  private func readArray(_ text: UnsafeBufferPointer<UInt8>, offset: Int) throws {
    var elements: [Range<Int>] = []
    var scanner = JSONScanner(text, nestingMax: Self.arrayNestingMax, scratch: arrayScratch(text.count))
    let base = scanner.cursor
    do {
      _ = scanner.peek()
      scanner.skipByte()
      if scanner.peek() == 0x5D {
        scanner.skipByte()
      } else {
        repeat {
          _ = scanner.peek()
          let start = scanner.cursor - base
          try scanner.skipValue(depth: 1, checksText: false)
          elements.append(start..<scanner.cursor - base)
          try refuseTooMany(UInt64(elements.count))
        } while try scanner.skipComma(orEnd: 0x5D)
      }
      _ = scanner.peek()
      guard scanner.isAtEnd else { throw RejectionCode.trailingText }
    } catch let fault as RequestFault {
      throw fault
    } catch {
      throw RequestFault(.badRequest, "bad_array", "the array is not JSON to its end; nothing of it is stored; send it again whole")
    }
    isEmptyList = elements.isEmpty
    for (index, element) in elements.enumerated() {
      let position = LinePosition(line: UInt64(index + 1), offset: UInt64(offset + element.lowerBound), length: UInt32(clamping: element.count))
      if element.count > settings.lineBytesMax {
        records.reject(.lineTooLong, at: position)
      } else {
        records.read(UnsafeBufferPointer(rebasing: text[element]), at: position)
      }
    }
  }

  private func isOneValue(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count <= settings.lineBytesMax else { return false }
    var scanner = JSONScanner(text, nestingMax: settings.nestingMax, scratch: arrayScratch(text.count))
    guard (try? scanner.skipValue(depth: 0)) != nil else { return false }
    _ = scanner.peek()
    return scanner.isAtEnd
  }

  private var largeScratch: ScratchBytes?
  private var largeCapacity = 0

  private func arrayScratch(_ bytes: Int) -> UnsafeMutablePointer<UInt8> {
    if let largeScratch, largeCapacity >= bytes + 8 { return largeScratch.start }
    largeCapacity = bytes + 8
    let made = ScratchBytes(capacity: largeCapacity)
    largeScratch = made
    return made.start
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  private static func isSyntax(_ code: RejectionCode) -> Bool {
    switch code {
    case .badJSON, .badUTF8, .badEscape, .trailingText, .cutLine: true
    default: false
    }
  }
}

/// Readers that wait for their next body: what they hold is made once, and not for each request.
final class DeliveryReaders: Sendable {
  private let idle = Mutex<[Box]>([])
  private let settings: RecordSettings
  private let now: @Sendable () -> Timestamp

  private static let idleMax = 16

  /// Handed from thread to thread, and never in two hands at once.
  private final class Box: @unchecked Sendable {
    let reader: DeliveryReader
    init(_ reader: DeliveryReader) { self.reader = reader }
  }

  init(settings: RecordSettings, now: @escaping @Sendable () -> Timestamp) {
    self.settings = settings
    self.now = now
  }

  func read(_ body: ByteBuffer, isLines: Bool) throws -> VerdictBatch {
    let box = idle.withLock { $0.popLast() } ?? Box(DeliveryReader(settings: settings, now: now))
    defer { idle.withLock { if $0.count < Self.idleMax { $0.append(box) } } }
    return try box.reader.read(body, isLines: isLines)
  }
}
