#if canImport(Glibc)
import Glibc
#endif
import Synchronization

/// The time of an answer as HTTP writes it (RFC 9110, 5.6.7), made once a second.
enum HTTPDate {
  private static let newest = Mutex<(second: Int, text: String)>((.min, ""))

  static var now: String {
    var second = time(nil)
    return newest.withLock { newest in
      if newest.second == second { return newest.text }
      var parts = tm()
      gmtime_r(&second, &parts)
      let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
      let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
      func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
      newest = (
        second,
        "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1_900) "
          + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
      )
      return newest.text
    }
  }
}
