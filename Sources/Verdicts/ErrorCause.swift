/// Why no verdict could be read. Raw value 0 is every verdict but `error`.
package enum ErrorCause: UInt8, CaseIterable, Sendable {
  case absent, unreadable, timeout, truncated, refused, http, other

  package static let names = ["", "unreadable", "timeout", "truncated", "refused", "http", "other"]
}
