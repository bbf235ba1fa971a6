/// The fields of a verdict record that are read; all others are stepped over.
enum RecordField: UInt32 {
  case id, time, verdict, output, format, context, riskTypes, language, region, model, source, stage, method, latency
  case refusal, action, errorCause

  @inline(__always)
  var bit: UInt32 { 1 << rawValue }

  /// Fields that no guard's reply has: an object with one of them is a record.
  static let ofRecordsAlone = [output, verdict, format, time, riskTypes, errorCause].reduce(0) { $0 | $1.bit }

  /// The field of a key, or nil for one of no interest.
  @inline(__always)
  static func named(_ key: UnsafeBufferPointer<UInt8>) -> RecordField? {
    switch key.count {
    case 2: equals(key, "id") ? .id : nil
    case 4: equals(key, "time") ? .time : nil
    case 5: equals(key, "model") ? .model : equals(key, "stage") ? .stage : nil
    case 6:
      switch key[0] {
      case 0x72: equals(key, "region") ? .region : nil
      case 0x73: equals(key, "source") ? .source : nil
      case 0x6D: equals(key, "method") ? .method : nil
      case 0x6F: equals(key, "output") ? .output : nil
      case 0x66: equals(key, "format") ? .format : nil
      case 0x61: equals(key, "action") ? .action : nil
      default: nil
      }
    case 7:
      switch key[0] {
      case 0x76: equals(key, "verdict") ? .verdict : nil
      case 0x72: equals(key, "refusal") ? .refusal : nil
      case 0x63: equals(key, "context") ? .context : nil
      default: nil
      }
    case 8: equals(key, "language") ? .language : nil
    case 10: equals(key, "risk_types") ? .riskTypes : equals(key, "latency_ms") ? .latency : nil
    case 11: equals(key, "error_cause") ? .errorCause : nil
    default: nil
    }
  }

  @inline(__always)
  private static func equals(_ key: UnsafeBufferPointer<UInt8>, _ name: StaticString) -> Bool {
    for index in 0..<key.count where key[index] != name.utf8Start[index] { return false }
    return true
  }
}
