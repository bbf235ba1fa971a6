/// Which side of the conversation was judged. The raw value is the dimension code, the same in every store.
package enum Stage: UInt8, CaseIterable, Sendable {
  case unknown, prompt, response

  package static let names = ["unknown", "prompt", "response"]
  package var name: String { Self.names[Int(rawValue)] }
}
