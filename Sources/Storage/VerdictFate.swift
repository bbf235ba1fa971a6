/// What becomes of a row of a batch.
package enum VerdictFate: UInt8, Sendable {
  case stored, duplicate, conflict
}
