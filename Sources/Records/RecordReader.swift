import Crypto
import Guards
import JSONReading
package import Verdicts

/// Turns lines into the rows of a batch.
///
/// A line's JSON is read to its end before anything about it is decided, so a line that is not JSON is always called that
/// (but for nesting over the bound, behind which nobody looks).
/// Among the faults of a well-formed record the first in the order of its fields is reported.
package struct RecordReader {
  let settings: RecordSettings
  private let scratch: ScratchBytes
  let replies: ReplyReader
  let contextDocument: JSONDocument
  /// For the text of a record's `output`, which must outlive the strings after it.
  private let outputScratch: ScratchBytes
  var nativeNames = NativeNameInterner()
  private var formats = FormatLookup()
  /// Names that may have been meant by the unknown format of the record at hand.
  var nearestNames: [String] = []
  var interners = Dimension.allCases.map { ValueInterner($0) }
  /// The batch's index of each dimension's constant, once a record has needed it.
  private var constantIndices = [UInt32?](repeating: nil, count: Dimension.allCases.count)
  /// Records must not be later than this.
  private var latestAccepted = Timestamp(microseconds: 0)
  package private(set) var batch: VerdictBatch

  package init(input: String, settings: RecordSettings) {
    self.settings = settings
    scratch = ScratchBytes(capacity: settings.lineBytesMax + 8)
    replies = ReplyReader(thresholds: settings.thresholds, nestingMax: settings.nestingMax)
    contextDocument = JSONDocument(nestingMax: settings.nestingMax)
    outputScratch = ScratchBytes(capacity: settings.lineBytesMax + 8)
    batch = VerdictBatch(input: input)
  }

  /// Sets the time against which the records' times are checked.
  package mutating func setNow(_ now: Timestamp) {
    latestAccepted = now.advanced(byMicroseconds: settings.timeAheadMax)
  }

  /// Begins a batch of the same input.
  package mutating func beginBatch(now: Timestamp) {
    setNow(now)
    batch = VerdictBatch(input: batch.input)
    for index in interners.indices { interners[index].removeAll() }
    for index in constantIndices.indices { constantIndices[index] = nil }
    nativeNames.removeAll()
  }

  /// The batch with its values. The reader must begin another before it reads on.
  package mutating func finishBatch() -> VerdictBatch {
    for index in interners.indices { batch.values[index] = interners[index].values }
    batch.values[CodedField.nativeNames.lane] = nativeNames.values
    var finished = VerdictBatch(input: batch.input)
    swap(&finished, &batch)
    return finished
  }

  /// Reads a line that is not blank, as a row or a rejection of the batch.
  package mutating func read(_ line: UnsafeBufferPointer<UInt8>, at position: LinePosition) {
    batch.read += 1
    let idStart = batch.idBytes.count
    do {
      let row = try record(line, at: position)
      batch.rows.append(row)
      batch.positions.append(position)
    } catch {
      batch.idBytes.removeLast(batch.idBytes.count - idStart)
      batch.rejections.append(Rejection(position: position, code: error, nearestNames: error == .unknownFormat ? nearestNames : []))
    }
  }

  /// Counts a line that could not even be looked at.
  package mutating func reject(_ code: RejectionCode, at position: LinePosition) {
    batch.read += 1
    batch.rejections.append(Rejection(position: position, code: code))
  }

  // MARK: - One record

  private mutating func record(_ line: UnsafeBufferPointer<UInt8>, at position: LinePosition) throws(RejectionCode) -> VerdictRow {
    var scanner = JSONScanner(line, nestingMax: settings.nestingMax, scratch: scratch.start)
    var draft = RecordDraft()
    let idStart = batch.idBytes.count
    guard scanner.peek() == 0x7B else {
      try scanner.skipValue(depth: 0)
      _ = scanner.peek()
      guard scanner.isAtEnd else { throw .trailingText }
      guard settings.format != nil, line.first(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }).map({ $0 == 0x22 || $0 == 0x5B }) ?? false else {
        throw .notAnObject
      }
      return try bareReply(line, at: position)
    }
    scanner.skipByte()
    if scanner.peek() == 0x7D {
      scanner.skipByte()
    } else {
      repeat {
        guard scanner.peek() == 0x22 else { throw .badJSON }
        let key = try scanner.string()
        let field = RecordField.named(key)
        try scanner.expect(0x3A)
        if let field {
          if draft.seen & field.bit != 0 { draft.note(.duplicateField) }
          draft.seen |= field.bit
          try readField(field, &scanner, &draft)
        } else {
          try scanner.skipValue(depth: 1)
        }
      } while try scanner.skipComma(orEnd: 0x7D)
    }
    _ = scanner.peek()
    guard scanner.isAtEnd else { throw .trailingText }
    if settings.format != nil, draft.seen & RecordField.ofRecordsAlone == 0 {
      // What looks like a record's fields are the guard's own.
      batch.idBytes.removeLast(batch.idBytes.count - idStart)
      return try bareReply(line, at: position)
    }
    if let fault = draft.fault { throw fault }
    return try complete(&draft, line: line, at: position)
  }

  private mutating func readField(_ field: RecordField, _ scanner: inout JSONScanner, _ draft: inout RecordDraft) throws(RejectionCode) {
    let first = scanner.peek()
    if first == 0x6E {
      guard scanner.skipWord("null") else { throw .badJSON }
      if field == .output { draft.output = .empty }
      return
    }
    switch field {
    case .time where first == 0x2D || first &- 0x30 < 10:
      let number = try scanner.number()
      do { draft.time = try RecordTime.parse(number) } catch { draft.note(error) }
    case .latency where first == 0x2D || first &- 0x30 < 10:
      readLatency(try scanner.number(), &draft)
    case .refusal where first == 0x74 || first == 0x66:
      guard scanner.skipWord(first == 0x74 ? "true" : "false") else { throw .badJSON }
      draft.row.refusal = Refusal(first == 0x74).rawValue
    case .riskTypes where first == 0x5B:
      try readRiskTypes(&scanner, &draft)
    case .output where first == 0x22:
      scanner.scratch = outputScratch.start
      let text = try scanner.string()
      scanner.scratch = scratch.start
      draft.output = text.isEmpty ? .empty : .text(text)
    case .output:
      let start = scanner.cursor
      try scanner.skipValue(depth: 1)
      draft.output = .json(UnsafeBufferPointer(start: start, count: scanner.cursor - start))
    case .context:
      let start = scanner.cursor
      try scanner.skipValue(depth: 1)
      draft.context = UnsafeBufferPointer(start: start, count: scanner.cursor - start)
    default:
      guard first == 0x22 else {
        try scanner.skipValue(depth: 1)
        return draft.note(.badType)
      }
      let text = try scanner.string()
      if !text.isEmpty { readText(text, of: field, &draft) }
    }
  }

  @inline(__always)
  private mutating func readText(_ text: UnsafeBufferPointer<UInt8>, of field: RecordField, _ draft: inout RecordDraft) {
    switch field {
    case .id:
      guard text.count <= RecordSettings.idBytesMax, !ControlCharacters.occur(in: text) else { return draft.note(.badID) }
      // A field that stands twice is a fault already; its ids go with the record.
      draft.hasID = true
      draft.row.idOffset = UInt32(batch.idBytes.count)
      draft.row.idLength = UInt16(text.count)
      batch.idBytes.append(contentsOf: text)
    case .time: do { draft.time = try RecordTime.parse(text) } catch { draft.note(error) }
    case .verdict:
      guard let verdict = Self.verdict(text) else { return draft.note(.badVerdict) }
      draft.verdict = verdict
    case .source: readDimension(text, .source, &draft)
    case .model: readDimension(text, .model, &draft)
    case .stage: readDimension(text, .stage, &draft)
    case .method: readDimension(text, .method, &draft)
    case .language: readDimension(text, .language, &draft)
    case .region: readDimension(text, .region, &draft)
    case .action:
      guard let index = Action.names.firstIndex(where: { $0.utf8.elementsEqual(text) }) else { return draft.note(.badValue) }
      draft.row.action = UInt8(index)
    case .errorCause:
      guard let index = ErrorCause.names.firstIndex(where: { $0.utf8.elementsEqual(text) }) else { return draft.note(.badValue) }
      draft.errorCause = ErrorCause.allCases[index]
    case .format:
      if let index = formats.index(of: text) { return draft.format = .known(index) }
      draft.format = .unknown
      nearestNames = GuardCatalog.standard.nearestNames(to: text)
    case .latency, .refusal, .riskTypes: draft.note(.badType)
    case .output, .context: break
    }
  }

  @inline(__always)
  private mutating func readDimension(_ text: UnsafeBufferPointer<UInt8>, _ dimension: Dimension, _ draft: inout RecordDraft) {
    let lane = dimension.lane
    do {
      let entry = try interners[lane].entry(of: text)
      draft.row.codes[lane] = entry.index
      draft.dimensions |= 1 << dimension.rawValue
      if entry.isUnrecognised {
        if dimension == .language { draft.row.unrecognised.language = true } else { draft.row.unrecognised.region = true }
      }
    } catch {
      draft.note(error)
    }
  }

  private func readLatency(_ number: DecimalNumber, _ draft: inout RecordDraft) {
    // In tenths of a microsecond, so that the half that rounds up is the last digit.
    guard let tenths = number.wholePart(timesTenTo: 4), number.isZero || !number.isNegative,
      tenths.value < LatencyScale.microsecondsMax * 10 || tenths.value == LatencyScale.microsecondsMax * 10 && tenths.isExact
    else { return draft.note(.numberOutOfRange) }
    draft.latency = (tenths.value + 5) / 10
  }

  private func readRiskTypes(_ scanner: inout JSONScanner, _ draft: inout RecordDraft) throws(RejectionCode) {
    scanner.skipByte()
    if scanner.peek() == 0x5D { return scanner.skipByte() }
    repeat {
      let first = scanner.peek()
      if first == 0x22 {
        let name = try scanner.string()
        guard !name.isEmpty else { continue }
        draft.hasRiskTypes = true
        if let type = RiskTypeNames.type(of: name) {
          draft.row.riskTypes |= 1 << UInt32(type.rawValue)
        } else {
          draft.row.riskTypes |= 1 << UInt32(RiskType.other.rawValue)
          draft.row.unrecognised.countRiskType()
        }
      } else {
        if first == 0x6E {
          guard scanner.skipWord("null") else { throw .badJSON }
          continue
        }
        try scanner.skipValue(depth: 2)
        draft.note(.badType)
      }
    } while try scanner.skipComma(orEnd: 0x5D)
  }

  // MARK: - From draft to row

  mutating func complete(
    _ draft: inout RecordDraft, line: UnsafeBufferPointer<UInt8>, at position: LinePosition
  ) throws(RejectionCode) -> VerdictRow {
    let reply = try reply(of: draft)
    if !draft.hasID {
      if let key = settings.idKey {
        take(id: "\(key):\(position.line)", into: &draft.row)
      } else {
        guard settings.assignsIDs else { throw .missingID }
        assignID(to: &draft.row, line: line, at: position)
      }
    }
    guard let time = draft.time ?? settings.assumedTime else { throw .missingTime }
    guard time >= .earliestAccepted, time <= latestAccepted else { throw .timeOutOfRange }
    guard let verdict = reply?.verdict ?? draft.verdict ?? settings.constants.verdict else { throw .missingVerdict }
    draft.row.time = time.microseconds
    if let reply { take(reply, into: &draft) }
    draft.row.verdict = verdict.rawValue
    draft.row.latency = draft.latency
    if verdict == .error {
      draft.row.riskTypes = 0
      let cause = draft.errorCause != .absent ? draft.errorCause : settings.constants.errorCause
      draft.row.errorCause = (cause == .absent ? .other : cause).rawValue
    } else if verdict.isFlagged, draft.row.riskTypes == 0 {
      draft.row.riskTypes = 1 << UInt32(RiskType.other.rawValue)
    }
    if draft.row.refusal == 0 { draft.row.refusal = settings.constants.refusal.rawValue }
    if draft.row.action == 0 { draft.row.action = settings.constants.action.rawValue }
    if draft.dimensions != 0b11_1111 { fillDimensions(&draft) }
    return draft.row
  }

  private mutating func fillDimensions(_ draft: inout RecordDraft) {
    for lane in 0..<Dimension.allCases.count where draft.dimensions & (1 << UInt8(lane)) == 0 {
      if let index = constantIndices[lane] {
        draft.row.codes[lane] = index
      } else {
        let index = interners[lane].index(of: settings.constants.dimensions[lane])
        constantIndices[lane] = index
        draft.row.codes[lane] = index
      }
    }
  }

  private mutating func take(id: String, into row: inout VerdictRow) {
    row.idOffset = UInt32(batch.idBytes.count)
    row.idLength = UInt16(id.utf8.count)
    batch.idBytes.append(contentsOf: id.utf8)
  }

  /// The first 32 hexadecimal digits of SHA-256 over the input's name, a zero byte, the line's offset in decimal, a zero byte
  /// and the line.
  private mutating func assignID(to row: inout VerdictRow, line: UnsafeBufferPointer<UInt8>, at position: LinePosition) {
    var hash = SHA256()
    hash.update(data: Array(batch.input.utf8) + [0] + Array(String(position.offset).utf8) + [0])
    hash.update(bufferPointer: UnsafeRawBufferPointer(line))
    row.idOffset = UInt32(batch.idBytes.count)
    row.idLength = 32
    for byte in hash.finalize().prefix(16) {
      batch.idBytes.append(Self.hexadecimalDigits[Int(byte >> 4)])
      batch.idBytes.append(Self.hexadecimalDigits[Int(byte & 15)])
    }
  }

  private static let hexadecimalDigits = Array("0123456789abcdef".utf8)

  @inline(__always)
  private static func verdict(_ text: UnsafeBufferPointer<UInt8>) -> Verdict? {
    switch text.count {
    case 4: equalsIgnoringCase(text, "safe") ? .safe : nil
    case 5: equalsIgnoringCase(text, "error") ? .error : nil
    case 6: equalsIgnoringCase(text, "unsafe") ? .unsafe : nil
    case 13: equalsIgnoringCase(text, "controversial") ? .controversial : nil
    default: nil
    }
  }

  /// - Parameter lower: letters only, in lower case.
  @inline(__always)
  private static func equalsIgnoringCase(_ text: UnsafeBufferPointer<UInt8>, _ lower: StaticString) -> Bool {
    for index in 0..<text.count where text[index] | 0x20 != lower.utf8Start[index] || text[index] < 0x41 { return false }
    return true
  }
}
