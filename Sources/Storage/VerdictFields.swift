/// Fields of stored verdicts that a reader asks for; the time always comes.
package struct VerdictFields: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The dimension codes.
  package static let codes = VerdictFields(rawValue: 1)
  /// Verdict, refusal, action and cause.
  package static let verdict = VerdictFields(rawValue: 2)
  package static let riskTypes = VerdictFields(rawValue: 4)
  package static let latency = VerdictFields(rawValue: 8)
  package static let id = VerdictFields(rawValue: 16)
  package static let all: VerdictFields = [.codes, .verdict, .riskTypes, .latency, .id]
}
