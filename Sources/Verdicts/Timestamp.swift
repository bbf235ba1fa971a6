/// An instant of UTC, as whole microseconds since 1970-01-01T00:00:00Z.
///
/// Leap seconds do not exist on this scale, as in Unix time. Every instant that GuardTally stores is one of these, so two
/// stores can never disagree about precision.
@frozen
package struct Timestamp: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  @inlinable
  package init(microseconds: Int64) { self.microseconds = microseconds }

  @inlinable
  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

  package static let microsecondsPerSecond: Int64 = 1_000_000
  package static let microsecondsPerMinute: Int64 = 60_000_000
  package static let microsecondsPerHour: Int64 = 3_600_000_000
  package static let microsecondsPerDay: Int64 = 86_400_000_000

  /// The first instant a record may carry: 2000-01-01T00:00:00Z.
  package static let earliestAccepted = Timestamp(microseconds: 946_684_800_000_000)

  /// The largest multiple of `step` microseconds that is not after this instant. `step` is above 0.
  @inlinable
  package func floored(to step: Int64) -> Timestamp {
    let remainder = microseconds % step
    return Timestamp(microseconds: microseconds - (remainder < 0 ? remainder + step : remainder))
  }

  /// The smallest multiple of `step` microseconds that is not before this instant. `step` is above 0.
  @inlinable
  package func raised(to step: Int64) -> Timestamp {
    let floor = floored(to: step)
    return floor == self ? self : Timestamp(microseconds: floor.microseconds + step)
  }

  @inlinable
  package func advanced(byMicroseconds distance: Int64) -> Timestamp {
    Timestamp(microseconds: microseconds + distance)
  }

  /// The edge of the contract: the end of this instant's minute, UTC.
  package var edge: Timestamp {
    floored(to: Self.microsecondsPerMinute).advanced(byMicroseconds: Self.microsecondsPerMinute)
  }
}

extension Timestamp {
  /// RFC 3339 in a fixed offset: `Z` for an offset of 0 that is UTC's own, a numeric offset otherwise; seconds always, a
  /// fraction (without trailing zeros) only if it is not 0.
  ///
  /// - Parameter offsetSeconds: seconds east of UTC, in whole minutes.
  package func rfc3339(offsetSeconds: Int = 0, isUTC: Bool = true) -> String {
    let local = microseconds + Int64(offsetSeconds) * Self.microsecondsPerSecond
    let day = Timestamp(microseconds: local).floored(to: Self.microsecondsPerDay).microseconds
    let date = CivilDate(daysSinceEpoch: day / Self.microsecondsPerDay)
    let inDay = local - day
    let second = inDay / Self.microsecondsPerSecond
    var text = date.description
    text += "T"
    text += twoDigits(second / 3600) + ":" + twoDigits(second / 60 % 60) + ":" + twoDigits(second % 60)
    var fraction = inDay % Self.microsecondsPerSecond
    if fraction != 0 {
      var digits = 6
      while fraction % 10 == 0 {
        fraction /= 10
        digits -= 1
      }
      let figures = String(fraction)
      text += "." + String(repeating: "0", count: digits - figures.utf8.count) + figures
    }
    if isUTC { return text + "Z" }
    let minutes = Int64(abs(offsetSeconds) / 60)
    return text + (offsetSeconds < 0 ? "-" : "+") + twoDigits(minutes / 60) + ":" + twoDigits(minutes % 60)
  }
}

/// A number from 0 to 99 in two figures.
func twoDigits(_ value: Int64) -> String {
  value < 10 ? "0\(value)" : String(value)
}
