import Verdicts

/// What has been read of a record.
struct RecordDraft {
  enum Output {
    case absent
    /// `null` or an empty string.
    case empty
    case text(UnsafeBufferPointer<UInt8>)
    case json(UnsafeBufferPointer<UInt8>)
  }

  enum Format {
    case absent
    case known(Int)
    case unknown
  }

  var row = VerdictRow()
  var seen: UInt32 = 0
  var hasID = false
  var time: Timestamp?
  var verdict: Verdict?
  var output = Output.absent
  var format = Format.absent
  /// The bytes of a `context`, which is read where a format is.
  var context: UnsafeBufferPointer<UInt8>?
  var hasRiskTypes = false
  var latency = VerdictRow.noLatency
  var errorCause = ErrorCause.absent
  /// Lanes of dimensions that the record has.
  var dimensions: UInt8 = 0
  /// The first fault of a record that is well-formed JSON.
  var fault: RejectionCode?

  mutating func note(_ fault: RejectionCode) {
    if self.fault == nil { self.fault = fault }
  }
}
