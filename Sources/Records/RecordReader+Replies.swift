import Guards
import JSONReading
import Verdicts

extension RecordReader {
  /// What a record's `output` says; nil for a record that states its verdict itself.
  mutating func reply(of draft: RecordDraft) throws(RejectionCode) -> GuardReply? {
    switch draft.output {
    case .absent: return nil
    case .empty:
      // Beside a verdict, or where no format is named, it is absent. Alone it is the reply of a guard that wrote nothing.
      if case .absent = draft.format, settings.format == nil { return nil }
      if draft.verdict != nil { return nil }
    case .text, .json:
      if draft.verdict != nil || draft.hasRiskTypes { throw .verdictAndOutput }
    }
    let format: Int
    switch draft.format {
    case .known(let index): format = index
    case .unknown: throw .unknownFormat
    case .absent:
      guard let index = settings.format else { throw .missingFormat }
      format = index
    }
    let context = try context(of: draft)
    if replies.isEnvelope(format), context.guardFormat == nil { throw .missingContext }
    switch draft.output {
    case .json(let bytes): return replies.read(.json(bytes), format: format, context: context)
    case .text(let text): return replies.read(.text(text), format: format, context: context)
    case .absent, .empty: return replies.read(.text(UnsafeBufferPointer(start: nil, count: 0)), format: format, context: context)
    }
  }

  private mutating func context(of draft: RecordDraft) throws(RejectionCode) -> GuardContext {
    guard let bytes = draft.context else { return settings.context }
    let value = try contextDocument.read(bytes)
    do throws(RejectionCode) {
      return try GuardContext(value, over: settings.context)
    } catch {
      nearestNames = GuardContext.nearestGuards(in: value)
      throw error
    }
  }

  /// A line that is a guard's reply and no record.
  mutating func bareReply(_ line: UnsafeBufferPointer<UInt8>, at position: LinePosition) throws(RejectionCode) -> VerdictRow {
    var draft = RecordDraft()
    draft.output = .json(line)
    return try complete(&draft, line: line, at: position)
  }

  /// Fills in what a reply says, where the record does not say it itself.
  mutating func take(_ reply: GuardReply, into draft: inout RecordDraft) {
    draft.row.riskTypes = reply.riskTypes.bits
    if draft.row.refusal == 0 { draft.row.refusal = reply.refusal.rawValue }
    if draft.errorCause == .absent { draft.errorCause = reply.errorCause }
    if draft.latency == VerdictRow.noLatency, let latency = reply.latency { draft.latency = latency }
    if !reply.names.isEmpty {
      draft.row.codes[CodedField.nativeNames.lane] = nativeNames.code(of: reply.names)
      for _ in 0..<reply.names.unlistedCount { draft.row.unrecognised.countRiskType() }
    }
    if let model = reply.model { fill(.model, with: model, in: &draft) }
    if let bytes = draft.context, let context = try? GuardContext(contextDocument.read(bytes)), let stage = context.stage {
      fill(.stage, with: Array(stage.name.utf8), in: &draft)
    } else if let stage = settings.context.stage {
      fill(.stage, with: Array(stage.name.utf8), in: &draft)
    }
  }

  /// A value that is none a dimension takes is as if it were not there.
  private mutating func fill(_ dimension: Dimension, with value: [UInt8], in draft: inout RecordDraft) {
    guard draft.dimensions & 1 << dimension.rawValue == 0, !value.isEmpty else { return }
    guard let entry = try? value.withUnsafeBufferPointer({ try interners[dimension.lane].entry(of: $0) }) else { return }
    draft.row.codes[dimension.lane] = entry.index
    draft.dimensions |= 1 << dimension.rawValue
  }
}
