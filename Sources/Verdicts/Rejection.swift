/// A line that was not stored, and why. Never holds anything the line said.
package struct Rejection: Sendable, Hashable {
  package var position: LinePosition
  package var code: RejectionCode
  /// Listed names that may have been meant; never what the line said.
  package var nearestNames: [String] = []

  package init(position: LinePosition, code: RejectionCode, nearestNames: [String] = []) {
    self.position = position
    self.code = code
    self.nearestNames = nearestNames
  }

  package var message: String { Self.message(of: code, nearestNames: nearestNames) }

  package static func message(of code: RejectionCode, nearestNames: [String]) -> String {
    nearestNames.isEmpty ? code.message : "\(code.message); nearest: \(nearestNames.joined(separator: ", "))"
  }
}

/// Why a record was refused. The raw value is what users, rejects files and later HTTP answers show; the list is closed.
public enum RejectionCode: String, CaseIterable, Sendable {
  case lineTooLong = "line_too_long"
  case cutLine = "cut_line"
  case badUTF8 = "bad_utf8"
  case badJSON = "bad_json"
  case badEscape = "bad_escape"
  case trailingText = "trailing_text"
  case tooDeep = "too_deep"
  case notAnObject = "not_an_object"
  case duplicateField = "duplicate_field"
  case badType = "bad_type"
  case badValue = "bad_value"
  case numberOutOfRange = "number_out_of_range"
  case missingID = "missing_id"
  case badID = "bad_id"
  case missingTime = "missing_time"
  case badTime = "bad_time"
  case timeWithoutClock = "time_without_clock"
  case timeOutOfRange = "time_out_of_range"
  case missingVerdict = "missing_verdict"
  case badVerdict = "bad_verdict"
  case verdictAndOutput = "verdict_and_output"
  case missingFormat = "missing_format"
  case unknownFormat = "unknown_format"
  case missingContext = "missing_context"
  case foreignSource = "foreign_source"
  case synthetic
  case expired
  case conflict

  /// What happened and what to do, without a word of the record.
  package var message: String {
    switch self {
    case .lineTooLong: "the line is over the bound (--line-bytes-max); write one record a line"
    case .cutLine: "the input is damaged inside this line; send the line again"
    case .badUTF8: "the line is not valid UTF-8"
    case .badJSON: "the line is not valid JSON"
    case .badEscape: "a string holds an escape that JSON does not have, or half a surrogate pair"
    case .trailingText: "text follows the record; write one record a line"
    case .tooDeep: "values are nested over the bound (--nesting-max)"
    case .notAnObject: "the line is JSON but not an object"
    case .duplicateField: "a known field stands twice"
    case .badType: "a known field has a value of the wrong JSON type"
    case .badValue: "a field's value is not allowed: dimensions take 1 to 64 bytes without control characters; stage, action and error_cause take their listed names"
    case .numberOutOfRange: "a number is outside its field's range"
    case .missingID: "no id; send one, or use --assign-ids"
    case .badID: "the id is not 1 to 256 bytes without control characters"
    case .missingTime: "no time; send the judgement's time, or use --assume-time"
    case .badTime: "the time is not RFC 3339 with an offset, nor a Unix time"
    case .timeWithoutClock: "the time is a date without a time of day; write it as 2026-01-10T00:00:00Z, or leave the field out and use --assume-time"
    case .timeOutOfRange: "the time is before 2000 or too far in the future (--time-ahead-max)"
    case .missingVerdict: "neither verdict nor output"
    case .badVerdict: "the verdict is not safe, controversial, unsafe or error"
    case .verdictAndOutput: "output stands beside verdict or risk_types; send one or the other"
    case .missingFormat: "output without format; name the guard's format in the record or with --format"
    case .unknownFormat: "there is no format of that name; guardtally formats lists them"
    case .missingContext: "the format is an envelope, and neither context.guard nor --context says which guard's reply is in it"
    case .foreignSource: "the record names a source that its sender's token may not write for"
    case .synthetic: "the record is made up (source=synthetic), and the server does not take those (--allow-synthetic)"
    case .expired: "the time is before the store's floor, where a repetition could not be recognised"
    case .conflict: "the same source, id and time came before with other content; the first stays"
    }
  }
}
