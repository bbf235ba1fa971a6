/// Why no verdict could be read. Raw value 0 is every verdict but `error`.
package enum ErrorCause: UInt8, CaseIterable, Sendable {
  case absent, unreadable, timeout, truncated, refused, http, other

  package static let names = ["", "unreadable", "timeout", "truncated", "refused", "http", "other"]
  package var name: String { Self.names[Int(rawValue)] }

  /// The causes of errors in the bytewise order of their names, as reports list them.
  package static let inNameOrder: [ErrorCause] = allCases.filter { $0 != .absent }.sorted { $0.name < $1.name }
}
