import Records
package import Verdicts

/// Reads the times, dates and lengths that users write in options.
package enum SpanText {
  /// RFC 3339 with an offset, or a date, which means its first instant in the zone. Nil for anything else.
  package static func time(_ text: String, in zone: Zone) -> Timestamp? {
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      if bytes.count == 10, let date = RecordTime.date(bytes) { return zone.firstInstant(of: date) }
      return try? RecordTime.parse(bytes)
    }
  }

  /// A whole number and a unit: `90s`, `15m`, `24h`, `7d`, `2w`. Microseconds above 0, or nil.
  package static func length(_ text: String) -> Int64? {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count > 0,
      text.dropLast().allSatisfy(\.isASCIIDigit), count <= 100 * 366 * 86_400 / unit
    else { return nil }
    return count * unit * Timestamp.microsecondsPerSecond
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
