#if canImport(Glibc)
import Glibc
#endif

/// A line on the terminal that shows how far an input has been read: bytes, rate, time left. Silent anywhere else, and where a line
/// cannot be written over.
struct ProgressBar {
  private let isShown: Bool
  private let startedAt = SystemClock.steadyMicroseconds()
  private var shownAt: Int64 = 0
  private static let intervalMicroseconds: Int64 = 100_000
  private static let barCellsMax = 24
  /// A shorter bar shows nothing.
  private static let barCellsMin = 6
  private static let columnsDefault = 80

  init() { isShown = StandardError.isTerminal && !Terminal.isDumb }

  /// - Parameters:
  ///   - bytes: read so far, of all inputs.
  ///   - total: bytes of all inputs, or nil where that is not known.
  mutating func show(bytes: Int, total: Int64?, verdicts: Int) {
    let now = SystemClock.steadyMicroseconds()
    guard isShown, now - shownAt >= Self.intervalMicroseconds else { return }
    shownAt = now
    let seconds = Double(now - startedAt) / 1e6
    let rate = Double(bytes) / max(seconds, 1e-3)
    var bar = ""
    var text = ""
    // One column less: a full line would end in the next.
    let columns = (Terminal.size(of: STDERR_FILENO)?.columns ?? Self.columnsDefault) - 1
    if let total, total > 0 {
      let share = min(1, Double(bytes) / Double(total))
      text += "\(Int(share * 100))%  " + Self.size(Double(bytes)) + " of " + Self.size(Double(total)) + "  " + Self.size(rate) + "/s  "
      text += Self.duration(max(0, Double(total) - Double(bytes)) / max(rate, 1)) + " left  \(verdicts) read"
      let cells = min(Self.barCellsMax, columns - text.utf8.count - 3)
      if cells >= Self.barCellsMin {
        let filled = Int(share * Double(cells))
        bar = "[" + String(repeating: "#", count: filled) + String(repeating: " ", count: cells - filled) + "] "
      }
    } else {
      text += Self.size(Double(bytes)) + "  " + Self.size(rate) + "/s  \(verdicts) read"
    }
    StandardError.write("\r\u{1B}[K" + (bar + text).prefix(max(0, columns)))
  }

  /// Wipes the line, so that what is printed next begins on a clean one.
  mutating func clear() {
    if isShown, shownAt != 0 { StandardError.write("\r\u{1B}[K") }
    shownAt = 0
  }

  private static func size(_ bytes: Double) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = bytes
    var unit = 0
    while value >= 1_024, unit < units.count - 1 {
      value /= 1_024
      unit += 1
    }
    return unit == 0 ? "\(Int(value)) B" : "\((value * 10).rounded() / 10) \(units[unit])"
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    return whole < 60 ? "\(whole) s" : whole < 3_600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3_600) h \(whole / 60 % 60) min"
  }
}
