import ArgumentParser
import Dispatch
#if canImport(Glibc)
import Glibc
#endif
import Ingestion
import Records
import Storage
import Synchronization
import Verdicts

/// `ingest --follow`: a thread and a writer for each file, until the program is asked to end.
struct FollowRun {
  let store: any VerdictStore
  let inputs: IngestInputs
  let settings: RecordSettings
  let bounds: BatchBounds
  let options: WriterOptions
  let followedBounds: FollowedBounds
  /// The options that say how lines are read.
  let reading: String

  static let filesMaxDefault = 64
  /// Each takes two threads, and a connection where there is a server.
  static let filesMaxRange = 1...100

  /// A database takes so many for each file, and the program for itself.
  private static let openFilesBeside = 16

  /// Between two notes of how far a file has been read.
  private static let noteSeconds = 1

  /// Touched on the telling queue alone, which the compiler cannot see; a lock would ask for a run that can be sent, and it holds a file.
  private final class Told: @unchecked Sendable {
    var run: IngestRun
    var ending: ExitCode?
    init(_ run: IngestRun) { self.run = run }
  }

  /// - Returns: what was stored and told, and the exit code of what ended it early, or nil.
  func follow(_ run: IngestRun) -> (IngestRun, ExitCode?) {
    let told = Told(run)
    let telling = DispatchQueue(label: "guardtally.telling")
    let threads = DispatchGroup()
    let ended = EndFlag()
    OpenFiles.allow(inputs.paths.count * (followedBounds.renamedFilesMax + Self.openFilesBeside) + Self.openFilesBeside)
    for input in inputs.inputs {
      DispatchQueue(label: "guardtally.following", qos: .userInitiated).async(group: threads) {
        let code = follow(input, ended) { counts, refused in telling.sync { told.run.committed(counts, refused, of: input.name) } }
        guard let code else { return }
        ended.raise()
        telling.sync { told.ending = told.ending ?? code }
      }
    }
    threads.wait()
    return telling.sync {
      told.run.end()
      return (told.run, told.ending)
    }
  }

  private func follow(_ input: IngestInputs.Input, _ ended: EndFlag, _ onCommit: @escaping (LedgerCounts, [Rejection]) -> Void) -> ExitCode? {
    guard let path = input.path else { return nil }
    let isInterrupted: @Sendable () -> Bool = { Interrupts.isRequested || ended.isRaised }
    do {
      let writer = try store.makeWriter(options: options)
      defer { writer.close() }
      let name = Self.name(of: path)
      let fingerprint = FollowedHint.fingerprint(of: reading)
      // Where it was noted under other options, lines that were refused then may be stored now.
      let hint = try store.read { try $0.followedPlace(of: name).flatMap { FollowedHint(text: $0) } }
      let file = FollowedFile(path: path, bounds: followedBounds, isInterrupted: isInterrupted, say: { StandardError.line("guardtally: \($0)") })
      try file.open(from: hint.map { $0.fingerprint == fingerprint ? $0 : $0.rereading })
      let box = FileBox(file)
      var noted = ContinuousClock.now
      // One that cannot be kept is kept a second later: until then the one before it costs reading again, and nothing else.
      func note() {
        try? writer.note(place: file.hint(fingerprint: fingerprint, notedAt: SystemClock.now().microseconds).text, of: name)
      }
      note()
      let failure = try IngestPipeline(writer: writer, settings: settings, bounds: bounds, now: SystemClock.now).ingest(
        input.name, open: { () throws(InputError) -> any ByteSource in box.file }, refusesSynthetic: true,
        onCommit: { counts, refused, bytes, lines in
          onCommit(counts, file.placed(refused))
          file.store(upTo: bytes, line: lines)
          guard ContinuousClock.now - noted >= .seconds(Self.noteSeconds) else { return }
          noted = .now
          note()
        })
      note()
      guard let failure, failure.code != .interrupted else { return nil }
      StandardError.line("guardtally: \(failure.description)")
      return ExitCode.failure
    } catch let error as StoreError {
      if error.code == .busy, isInterrupted() { return nil }
      return Failure.exitCode(for: error)
    } catch {
      StandardError.line("guardtally: \(error)")
      return ExitCode.failure
    }
  }

  /// Of one host's file: several may store into one database. A link is itself, whatever it leads to.
  private static func name(of path: String) -> String {
    var host = [CChar](repeating: 0, count: 256)
    gethostname(&host, host.count - 1)
    return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + ":" + FollowedFolder.whole(path)
  }
}

/// Tells all threads that one of them has ended.
private final class EndFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isRaised: Bool { flag.load(ordering: .relaxed) }
  func raise() { flag.store(true, ordering: .relaxed) }
}

/// Hands the file to the reading thread, which alone reads it from then on; the other thread asks for places, which are behind a lock. The
/// compiler sees one object on two threads.
private final class FileBox: @unchecked Sendable {
  let file: FollowedFile
  init(_ file: FollowedFile) { self.file = file }
}
