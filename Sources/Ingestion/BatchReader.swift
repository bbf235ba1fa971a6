package import Records
package import Verdicts

/// Cuts one input into batches.
package struct BatchReader: ~Copyable {
  package enum Next {
    case batch(VerdictBatch)
    /// Nothing is left; why, where it is not the input's end.
    case end(InputError?)
  }

  private var lines: LineReader
  private var records: RecordReader
  private let bounds: BatchBounds
  private let now: @Sendable () -> Timestamp
  private var failure: InputError?
  private var isAtEnd = false

  package init(
    _ source: any ByteSource, input: String, settings: RecordSettings, bounds: BatchBounds, now: @escaping @Sendable () -> Timestamp
  ) {
    lines = LineReader(source, lineBytesMax: settings.lineBytesMax, now: now)
    records = RecordReader(input: input, settings: settings)
    self.bounds = bounds
    self.now = now
  }

  /// Reads until a bound of the batch is reached or the input ends. An input without a line still gives one batch,
  /// so that every run has its row in the ledger.
  package mutating func next() -> Next {
    guard !isAtEnd else { return .end(failure) }
    records.beginBatch(now: now())
    var deadline: Timestamp?
    while !isAtEnd, !isFull {
      let next = lines.next(until: deadline, waitMax: bounds.ageMax)
      if deadline == nil {
        // The first line may have been long in coming: the clock that counts is the one at its arrival.
        let arrival = now()
        records.setNow(arrival)
        deadline = arrival.advanced(byMicroseconds: bounds.ageMax)
      }
      switch next {
      case .line(let line):
        if !Self.isBlank(line) { records.read(line, at: position(length: UInt64(line.count))) }
      case .tooLong(let length): records.reject(.lineTooLong, at: position(length: length))
      case .idle: return .batch(finished())
      case .end: isAtEnd = true
      case .broken(let error, let cutLine):
        failure = error
        isAtEnd = true
        // An interrupted run did not read the line; it will be read when the input is sent again.
        if let cutLine, error.code != .interrupted { records.reject(.cutLine, at: position(length: cutLine)) }
      }
    }
    return .batch(finished())
  }

  private mutating func finished() -> VerdictBatch {
    var batch = records.finishBatch()
    batch.inputBytesRead = lines.consumed
    batch.inputLinesRead = lines.line
    return batch
  }

  private var isFull: Bool {
    let batch = records.batch
    return batch.rows.count >= bounds.verdictsMax || batch.rejections.count >= bounds.verdictsMax || batch.idBytes.count >= bounds.idBytesMax
  }

  private func position(length: UInt64) -> LinePosition {
    LinePosition(line: lines.line, offset: lines.offset, length: UInt32(clamping: length))
  }

  /// Nothing but spaces, tabs and carriage returns.
  private static func isBlank(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
    for byte in line where byte != 0x20 && byte != 0x09 && byte != 0x0D { return false }
    return true
  }
}

/// How large a batch may grow: each is one commit.
package struct BatchBounds: Sendable {
  /// From ten thousand on a sync costs a few percent; more than this only costs memory.
  package var verdictsMax = verdictsMaxDefault
  package var idBytesMax = 8 << 20
  /// Microseconds after its first line at which a batch is stored as it is rather than wait for more: what a slow feed has
  /// sent is on disk within about a second.
  package var ageMax = Timestamp.microsecondsPerSecond

  package static let verdictsMaxDefault = 50_000

  package init() {}
}
