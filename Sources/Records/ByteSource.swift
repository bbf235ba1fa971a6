/// Where the bytes of an input come from.
package protocol ByteSource: AnyObject {
  /// Fills some of a buffer; 0 at the end. Throws ``InputError``.
  ///
  /// - Parameter milliseconds: how long to wait for bytes; nil for as long as it takes.
  /// - Returns: nil when none came in time, so that what has been read can be stored meanwhile.
  func read(into buffer: UnsafeMutableRawBufferPointer, within milliseconds: Int32?) throws -> Int?
}

/// An input could not be read on.
package struct InputError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case missing, unreadable, damaged, interrupted
  }

  package var code: Code
  /// What happened, where, and what to do next.
  package var description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
