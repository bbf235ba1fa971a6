/// What a guard said of one piece of content.
///
/// Public, and not package, for the compiler inlines only that into other modules.
@frozen
public enum Verdict: UInt8, CaseIterable, Sendable {
  case safe, controversial, unsafe
  /// No verdict could be read. Never counted as safe or unsafe.
  case error

  package static let names = ["safe", "controversial", "unsafe", "error"]
  package var name: String { Self.names[Int(rawValue)] }

  /// Controversial or unsafe.
  @inlinable
  public var isFlagged: Bool { self == .controversial || self == .unsafe }

  /// The same of a row's number: 1 is controversial, 2 is unsafe.
  @inlinable
  public static func isFlagged(rawValue: UInt8) -> Bool { rawValue &- 1 < 2 }

  @inlinable
  public static func isUnsafe(rawValue: UInt8) -> Bool { rawValue == 2 }
}
