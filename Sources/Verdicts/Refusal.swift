/// Whether the judged answer refused the request, where the record says so.
package enum Refusal: UInt8, CaseIterable, Sendable {
  case absent, no, yes

  package init(_ value: Bool) { self = value ? .yes : .no }
}
