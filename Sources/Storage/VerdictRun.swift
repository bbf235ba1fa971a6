package import Verdicts

/// Some stored verdicts in ascending order of time, borrowed for the length of a call.
package struct VerdictRun {
  package var rows: UnsafeBufferPointer<VerdictRow>
  /// What the rows' id offsets point into; empty unless ids were asked for.
  package var idBytes: UnsafeRawBufferPointer

  package init(rows: UnsafeBufferPointer<VerdictRow>, idBytes: UnsafeRawBufferPointer) {
    self.rows = rows
    self.idBytes = idBytes
  }
}
