package import Logging
package import Verdicts

/// Structured log lines on standard error, as text or JSON.
package struct LineLogHandler: LogHandler {
  package enum Format: String, CaseIterable, Sendable {
    case text, json
  }

  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  private let format: Format
  private let now: @Sendable () -> Timestamp
  private let write: @Sendable (String) -> Void

  /// - Parameter write: takes a whole line, without its end.
  package init(level: Logger.Level, format: Format, now: @escaping @Sendable () -> Timestamp, write: @escaping @Sendable (String) -> Void) {
    logLevel = level
    self.format = format
    self.now = now
    self.write = write
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var fields = metadata
    if let own = event.metadata { fields.merge(own) { _, new in new } }
    let sorted = fields.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    let time = now().rfc3339()
    switch format {
    case .json:
      let members = [("time", time), ("level", "\(event.level)"), ("message", "\(event.message)")] + sorted
      write("{" + members.map { "\(JSONText.string($0.0)):\(JSONText.string($0.1))" }.joined(separator: ",") + "}")
    case .text:
      write("\(time) \(event.level) \(event.message)" + sorted.map { " \($0.0)=\(JSONText.string($0.1))" }.joined())
    }
  }
}
