/// How a writer behaves.
package struct WriterOptions: Sendable {
  /// Lets synthetic verdicts stand beside others in one store.
  package var allowSynthetic = false

  package init() {}

  /// The source of made-up traffic.
  package static let syntheticSource = "synthetic"
}
