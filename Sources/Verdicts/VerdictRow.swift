/// One verdict in canonical form, as fixed-size values, so that a batch is a few flat arrays.
///
/// Dimension values are numbers: in a ``VerdictBatch`` an index into the batch's own value lists, in a store the store's
/// codes. The id lives in the bytes beside the rows.
@frozen
package struct VerdictRow: Sendable {
  package var codes: DimensionCodes
  /// When the guard judged; microseconds since 1970.
  package var time: Int64
  /// Whole microseconds, or ``noLatency``.
  package var latency: Int64
  package var riskTypes: UInt32
  /// Where the id begins in the bytes beside the rows.
  package var idOffset: UInt32
  /// 1 to 256 bytes.
  package var idLength: UInt16
  /// ``Verdict``'s raw value.
  package var verdict: UInt8
  /// ``Refusal``'s, ``Action``'s and ``ErrorCause``'s raw values; 0 is absent.
  package var refusal: UInt8
  package var action: UInt8
  package var errorCause: UInt8
  /// Values of this record that were not recognised; known only while it is read, never stored.
  package var unrecognised: UnrecognisedValues

  package static let noLatency: Int64 = -1

  @inlinable
  package init() {
    codes = DimensionCodes(repeating: 0)
    time = 0
    latency = Self.noLatency
    riskTypes = 0
    idOffset = 0
    idLength = 0
    verdict = 0
    refusal = 0
    action = 0
    errorCause = 0
    unrecognised = UnrecognisedValues()
  }

  /// Whether two rows that share an identity are the same delivery repeated: every stored field but the id, which the
  /// identity has compared.
  @inlinable
  package func hasSameContent(as other: VerdictRow) -> Bool {
    time == other.time && latency == other.latency && codes == other.codes && riskTypes == other.riskTypes
      && verdict == other.verdict && refusal == other.refusal && action == other.action && errorCause == other.errorCause
  }
}
