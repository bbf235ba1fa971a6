import ArgumentParser
import Ingestion
import Records
import Storage
import Synchronization
import Verdicts

/// One `ingest` over its inputs: what became of them, told to the user as it happens.
struct IngestRun {
  private(set) var counts = LedgerCounts()
  /// The same for other threads.
  let told = Told()

  final class Told: Sendable {
    private let counts = Mutex(LedgerCounts())
    var value: LedgerCounts { counts.withLock { $0 } }
    fileprivate func tell(_ counts: LedgerCounts) { self.counts.withLock { $0 = counts } }
  }

  private let inputs: IngestInputs
  private let rejects: RejectsFile?
  private var progress = ProgressBar()
  private var namedLines = 0

  /// Refused lines that are named one by one; the rest are counted.
  private static let namedLinesMax = 10

  init(inputs: IngestInputs, rejects: RejectsFile?) {
    self.inputs = inputs
    self.rejects = rejects
  }

  /// Stores input after input.
  ///
  /// - Returns: the exit code of what ended the run early, or nil.
  mutating func ingest(through pipeline: IngestPipeline) -> ExitCode? {
    let position = BytePosition()
    var ending: ExitCode?
    for input in inputs.inputs {
      do {
        let path = input.path
        let failure = try pipeline.ingest(
          input.name,
          open: { () throws(InputError) -> any ByteSource in
            let isInterrupted: @Sendable () -> Bool = { Interrupts.isRequested }
            let bytes = try path.map { path throws(InputError) in try FileBytes(path: path, position: position, isInterrupted: isInterrupted) }
            return GzipBytes(bytes ?? FileBytes.standardInput(position: position, isInterrupted: isInterrupted), name: input.name)
          },
          onCommit: { batch, refused, _, _ in
            committed(batch, refused, of: input.name)
            progress.show(bytes: position.value, total: inputs.totalBytes, verdicts: counts.read)
          })
        if let failure {
          progress.clear()
          StandardError.line("guardtally: \(failure.code == .interrupted ? "interrupted; what the line below counts is stored" : failure.description)")
          ending = failure.code == .interrupted ? Failure.interrupted : ExitCode.failure
        }
      } catch let error as StoreError where error.code == .busy && Interrupts.isRequested {
        progress.clear()
        ending = Failure.interrupted
      } catch let error as StoreError {
        progress.clear()
        ending = Failure.exitCode(for: error)
      } catch {
        progress.clear()
        StandardError.line("guardtally: \(error)")
        ending = ExitCode.failure
      }
      if ending != nil { break }
    }
    end()
    return ending
  }

  /// Counts and tells what became of a batch.
  mutating func committed(_ batch: LedgerCounts, _ refused: [Rejection], of input: String) {
    counts += batch
    told.tell(counts)
    rejects?.append(refused, of: input)
    name(refused, of: input)
  }

  mutating func end() {
    progress.clear()
    nameTheRest()
  }

  private mutating func name(_ refused: [Rejection], of input: String) {
    guard !refused.isEmpty else { return }
    if namedLines < Self.namedLinesMax { progress.clear() }
    for rejection in refused {
      namedLines += 1
      guard namedLines <= Self.namedLinesMax else { continue }
      let position = rejection.position
      StandardError.line("\(input):\(position.line): \(rejection.code.rawValue): \(rejection.message) (byte \(position.offset))")
    }
  }

  private func nameTheRest() {
    guard namedLines > Self.namedLinesMax else { return }
    StandardError.line("… and \(namedLines - Self.namedLinesMax) more refused lines\(rejects == nil ? "; --rejects FILE lists them all" : "")")
  }
}

extension LedgerCounts {
  var ledgerLine: String {
    "read=\(read) stored=\(stored) duplicates=\(duplicates) conflicts=\(conflicts) rejected=\(rejected) unrecognised=\(unrecognised)"
  }

  var jsonObject: String {
    """
    {"read":\(read),"stored":\(stored),"duplicates":\(duplicates),"conflicts":\(conflicts),"rejected":\(rejected),"unrecognised":\(unrecognised)}
    """
  }
}
