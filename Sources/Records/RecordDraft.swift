import Verdicts

/// What has been read of a record.
struct RecordDraft {
  var row = VerdictRow()
  var seen: UInt32 = 0
  var hasID = false
  var time: Timestamp?
  var verdict: Verdict?
  var hasOutput = false
  var hasFormat = false
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
