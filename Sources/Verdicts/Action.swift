/// What was done with the content after the verdict. Raw value 0 means that the record does not say.
package enum Action: UInt8, CaseIterable, Sendable {
  case absent, allowed, blocked, masked, escalated

  package static let names = ["", "allowed", "blocked", "masked", "escalated"]
}
