/// A half-open stretch of event time, `[from, to)`.
@frozen
package struct Span: Hashable, Sendable {
  package var from: Timestamp
  package var to: Timestamp

  @inlinable
  package init(from: Timestamp, to: Timestamp) {
    self.from = from
    self.to = to
  }

  @inlinable
  package var isEmpty: Bool { from >= to }

  @inlinable
  package func contains(_ time: Timestamp) -> Bool { from <= time && time < to }

  /// All of time.
  package static let always = Span(from: Timestamp(microseconds: .min), to: Timestamp(microseconds: .max))
}
