import CSQLite

/// How long a connection waits for another one's lock: asked by SQLite each time it finds the lock taken.
final class LockPatience {
  private let milliseconds: Int32
  private let isInterrupted: @Sendable () -> Bool
  private var waited: Int32 = 0
  private static let stepMilliseconds: Int32 = 5

  init(milliseconds: Int32, isInterrupted: @escaping @Sendable () -> Bool) {
    self.milliseconds = milliseconds
    self.isInterrupted = isInterrupted
  }

  /// Makes a connection wait by this rule; the rule must outlive the connection.
  func govern(_ handle: OpaquePointer) {
    sqlite3_busy_handler(
      handle,
      { context, attempts in
        guard let context else { return 0 }
        let patience = Unmanaged<LockPatience>.fromOpaque(context).takeUnretainedValue()
        return patience.waitsOn(isFirst: attempts == 0) ? 1 : 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Waits a step. False when that has been enough.
  func waitsOn(isFirst: Bool) -> Bool {
    if isFirst { waited = 0 }
    guard waited < milliseconds, !isInterrupted() else { return false }
    sqlite3_sleep(Self.stepMilliseconds)
    waited += Self.stepMilliseconds
    return true
  }
}
