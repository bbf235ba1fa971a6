import Storage
import Verdicts

/// Stores batches in a Postgres database, each in one transaction, and again where a transaction could not come through: after a
/// deadlock, or on a new connection where the old one broke.
final class PostgresWriter: VerdictWriter {
  private var session: PostgresSession?
  private let reconnect: () throws -> (PostgresConnection, place: String)
  private let options: WriterOptions
  private let patience: Patience
  private let place: String
  private let space: Int64

  /// How often a transaction is tried again that met a deadlock or a serialisation failure.
  private static let retriesMax = 20

  init(
    _ connection: PostgresConnection, place: String, space: Int64, options: WriterOptions, patience: Patience,
    reconnect: @escaping () throws -> (PostgresConnection, place: String)
  ) {
    session = PostgresSession(connection, place: place, space: space, options: options)
    self.reconnect = reconnect
    self.options = options
    self.patience = patience
    self.place = place
    self.space = space
  }

  func close() { session?.close() }

  func store(_ batch: VerdictBatch, in run: inout LedgerRun) throws -> BatchOutcome {
    // What commits without an answer would have left in the ledger: it tells whether they came through.
    var unanswered: [CommittedBatch] = []
    let before = run
    let committed = try persistently { session in
      func committedBefore() throws -> CommittedBatch? { try unanswered.first { try session.hasCommitted($0) } }
      if let committed = try committedBefore() { return committed }
      do {
        return try session.store(batch, in: before) { unanswered.append($0) }
      } catch let failure as PostgresFailure where failure.isOtherwise && failure.action == "ledger.update" {
        // One that the server was still at when it was looked for.
        if let committed = try committedBefore() { return committed }
        throw StoreError(.damaged, "\(place): ledger row \(before.run ?? 0) is not as this run left it; run guardtally verify")
      }
    }
    run = committed.run
    return committed.outcome
  }

  func note(place: String, of file: String) throws {
    try persistently { _ = try $0.connection.run("followed_files.put", .text(file), .text(place)) }
  }

  func rebuildTallies(buckets: Range<UInt32>) throws -> RebuildOutcome {
    try persistently { try $0.rebuildTallies(buckets: buckets) }
  }

  /// Runs a body that is one transaction, again where that may help.
  private func persistently<Result>(_ body: (PostgresSession) throws -> Result) throws -> Result {
    var retries = 0
    var wait: Patience.Wait?
    while true {
      do {
        return try body(try openSession())
      } catch let failure as PostgresFailure where failure.isConnectionLost {
        session?.close()
        session = nil
        let begun = wait ?? patience.begin()
        wait = begun
        guard begun.pause() else { throw failure.storeError(at: place) }
      } catch let failure as PostgresFailure where failure.isWorthRetrying && retries < Self.retriesMax {
        retries += 1
      } catch let failure as PostgresFailure {
        throw failure.storeError(at: place)
      } catch let error as StoreError where error.code == .unreachable && session == nil {
        let begun = wait ?? patience.begin()
        wait = begun
        guard begun.pause() else { throw error }
      }
    }
  }

  private func openSession() throws -> PostgresSession {
    if let session { return session }
    let (connection, place) = try reconnect()
    let opened = PostgresSession(connection, place: place, space: space, options: options)
    session = opened
    return opened
  }
}
