/// Verdicts read from one input, in the order of their lines, with what the ledger needs to know of the lines between them.
///
/// Self-contained: dimension values are listed here and rows point at them, so a batch can cross threads and be stored by
/// any store. The reader bounds its rows and bytes.
package struct VerdictBatch: Sendable {
  package var input: String
  package var rows: [VerdictRow] = []
  /// The ids of all rows, end to end.
  package var idBytes: [UInt8] = []
  /// Where each row stands in its input; as many as rows.
  package var positions: [LinePosition] = []
  /// For each coded field (by raw value) the distinct canonical values of this batch, in order of arrival; a row has a value's place
  /// counted from ``CodedField/firstInBatch``.
  package var values: [[String]] = [[String]](repeating: [], count: CodedField.allCases.count)
  package var rejections: [Rejection] = []
  /// Lines that were not blank.
  package var read: Int = 0

  package init(input: String) { self.input = input }
}

/// Where a record stands in its input.
@frozen
package struct LinePosition: Hashable, Sendable {
  /// From 1.
  package var line: UInt64
  /// Bytes before the line, after decompression.
  package var offset: UInt64
  /// Bytes of the line, without its end.
  package var length: UInt32

  @inlinable
  package init(line: UInt64, offset: UInt64, length: UInt32) {
    self.line = line
    self.offset = offset
    self.length = length
  }
}
