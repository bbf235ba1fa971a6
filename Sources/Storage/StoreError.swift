/// Why a store did not do what it was asked, in words a user can act on.
package struct StoreError: Error, Sendable, CustomStringConvertible {
  /// A closed list: codes are metric labels and decide the exit code.
  package enum Code: String, CaseIterable, Sendable {
    /// No database there, and the command does not create one.
    case absent
    /// The database cannot be opened or reached.
    case unreachable
    /// Something is there, and it is no GuardTally database.
    case notADatabase = "not_a_database"
    /// A server or database that cannot hold verdicts: its version, its encoding.
    case unsuitable
    /// Another process held the write lock for longer than the bound.
    case busy
    /// The schema is older than the program.
    case behind
    /// The schema is newer than the program.
    case ahead
    /// What is stored is not what GuardTally wrote.
    case damaged
    /// No space left, or a quota.
    case full
    /// Synthetic verdicts would stand beside others.
    case synthetic
    /// Asked for something before the floor.
    case beforeFloor = "before_floor"
    case failed
  }

  package var code: Code
  /// What happened, where, and what to do next. Never holds content.
  package var description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
