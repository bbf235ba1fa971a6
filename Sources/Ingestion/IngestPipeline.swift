import Dispatch
package import Records
package import Storage
import Synchronization
package import Verdicts

/// Reads inputs on one thread while storing them on another.
package struct IngestPipeline {
  private let writer: any VerdictWriter
  private let settings: RecordSettings
  private let bounds: BatchBounds
  private let now: @Sendable () -> Timestamp

  /// Batches that wait between the reader and the writer.
  private static let batchesWaitingMax = 2

  package init(
    writer: any VerdictWriter, settings: RecordSettings, bounds: BatchBounds, now: @escaping @Sendable () -> Timestamp
  ) {
    self.writer = writer
    self.settings = settings
    self.bounds = bounds
    self.now = now
  }

  /// Stores one input, batch by batch, each acknowledged to `onCommit` once it is on disk.
  ///
  /// - Parameters:
  ///   - input: the name under which the ledger keeps the run.
  ///   - open: gives the input's bytes; called on the reading thread.
  ///   - refusesSynthetic: whether made-up verdicts that may not stand beside others are refused for themselves, instead of ending all.
  ///   - onCommit: what became of a batch, every line of it that was refused, in the order of the lines, and how many bytes and lines of
  ///     the input have been read by its end.
  /// - Returns: why reading ended before the input did, or nil.
  /// - Throws: ``StoreError``: the batch at hand and what follows it are not stored.
  package func ingest(
    _ input: String, open: @escaping @Sendable () throws(InputError) -> any ByteSource, refusesSynthetic: Bool = false,
    onCommit: (LedgerCounts, [Rejection], _ bytesRead: UInt64, _ linesRead: UInt64) throws -> Void
  ) throws -> InputError? {
    let queue = BoundedQueue<BatchReader.Next>(capacity: Self.batchesWaitingMax)
    let isAbandoned = AbandonedFlag()
    DispatchQueue(label: "guardtally.reading", qos: .userInitiated).async { [settings, bounds, now] in
      do throws(InputError) {
        let source = try open()
        var reader = BatchReader(source, input: input, settings: settings, bounds: bounds, now: now)
        while !isAbandoned.value {
          let next = reader.next()
          queue.push(next)
          if case .end = next { return }
        }
      } catch {
        queue.push(.end(error))
      }
    }
    var run = LedgerRun(input: input, startedAt: now())
    do {
      while true {
        switch queue.pop() {
        case .end(let failure): return failure
        case .batch(var batch):
          let outcome: BatchOutcome
          do {
            outcome = try writer.store(batch, in: &run)
          } catch let error as StoreError where error.code == .synthetic && refusesSynthetic {
            batch.rejectRows(as: .synthetic) { $0 == WriterOptions.syntheticSource }
            outcome = try writer.store(batch, in: &run)
          }
          let refused = (batch.rejections + outcome.refused).sorted { $0.position.line < $1.position.line }
          try onCommit(outcome.counts, refused, batch.inputBytesRead, batch.inputLinesRead)
        }
      }
    } catch {
      isAbandoned.value = true
      // The reader may wait for room; whatever it still brings is dropped with the queue.
      queue.drain()
      throw error
    }
  }
}

/// Tells the reading thread that nobody wants what it reads.
private final class AbandonedFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  var value: Bool {
    get { flag.load(ordering: .relaxed) }
    set { flag.store(newValue, ordering: .relaxed) }
  }
}
