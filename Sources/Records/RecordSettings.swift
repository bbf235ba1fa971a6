package import Guards
package import Verdicts

/// How records are read: bounds, and what stands in for fields that a record lacks.
package struct RecordSettings: Sendable {
  /// Arrays and objects inside one another; the record itself is the first.
  package var nestingMax = nestingMaxDefault
  /// Bytes of a line, without its end.
  package var lineBytesMax = lineBytesMaxDefault
  /// Records or lines of one HTTP body.
  package var deliveryRecordsMax = deliveryRecordsMaxDefault
  /// How far a record's time may lie after now, in microseconds.
  package var timeAheadMax = timeAheadMaxDefault
  /// For records without `time`.
  package var assumedTime: Timestamp?
  /// For records without `id`: derive it from where and what the line is.
  package var assignsIDs = false
  /// For records without `id`: a key of the whole input, of which an id is made with the line, `KEY:LINE`; or nil.
  package var idKey: String?
  /// For records without the field.
  package var constants = RecordConstants()
  /// The format of lines that are a guard's bare reply, and of records with `output` and without `format`: an index into
  /// ``GuardCatalog/formats``.
  package var format: Int?
  /// What stands for members that a record's `context` lacks.
  package var context = GuardContext.none
  package var thresholds = GuardThresholds()

  package static let nestingMaxDefault = 64
  package static let lineBytesMaxDefault = 1 << 20
  package static let deliveryRecordsMaxDefault: UInt64 = 1_000_000
  package static let timeAheadMaxDefault: Int64 = 24 * Timestamp.microsecondsPerHour
  /// An id is 1 to this many bytes.
  package static let idBytesMax = 256

  package init() {}
}

/// Values of `--set`: what records without the field have.
package struct RecordConstants: Sendable {
  /// Canonical, by dimension's raw value; at first the contract's defaults.
  package private(set) var dimensions = Dimension.allCases.map(\.defaultValue)
  package private(set) var verdict: Verdict?
  package private(set) var refusal = Refusal.absent
  package private(set) var action = Action.absent
  package private(set) var errorCause = ErrorCause.absent

  package init() {}

  /// The fields that may be set.
  package static let fields = Dimension.names + ["verdict", "refusal", "action", "error_cause"]

  /// - Returns: false where the field is none of ``fields`` or the value is not one the field takes.
  package mutating func set(_ field: String, to value: String) -> Bool {
    if let dimension = Dimension(name: field) {
      let bytes = Array(value.utf8)
      guard !bytes.isEmpty,
        let (canonical, isUnrecognised) = try? bytes.withUnsafeBufferPointer({ try ValueInterner.canonical($0, of: dimension) }),
        !isUnrecognised
      else { return false }
      dimensions[dimension.lane] = canonical
      return true
    }
    switch field {
    case "verdict":
      guard let index = Verdict.names.firstIndex(of: value.lowercased()) else { return false }
      verdict = Verdict.allCases[index]
    case "refusal":
      guard value == "true" || value == "false" else { return false }
      refusal = Refusal(value == "true")
    case "action":
      guard !value.isEmpty, let index = Action.names.firstIndex(of: value) else { return false }
      action = Action.allCases[index]
    case "error_cause":
      guard !value.isEmpty, let index = ErrorCause.names.firstIndex(of: value) else { return false }
      errorCause = ErrorCause.allCases[index]
    default: return false
    }
    return true
  }
}
