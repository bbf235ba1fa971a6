import ArgumentParser
import Files
import Guards
import Ingestion
import Records
import Reports
import Storage
import Verdicts

struct IngestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest",
    abstract: "Store verdicts from files or standard input, each exactly once.",
    usage: "guardtally ingest [<options>] [<file> ...]",
    discussion: """
      Reads NDJSON, one record a line; gzip is told by its content. Sending the same input again stores nothing twice. The \
      last line on standard error says what became of the records; the first refused lines are named before it.

      Example:
        echo '{"id":"a","time":"2026-01-10T12:00:00Z","verdict":"safe"}' |
          guardtally ingest --db example.db
      """)

  @Argument(help: ArgumentHelp("Files to read; - or nothing is standard input.", valueName: "file"), completion: .file())
  var files: [String] = []

  @Flag(help: "Follow growing files, across rotation and truncation, until SIGTERM or Ctrl-C; what comes is stored within about a second.")
  var follow = false

  @Option(help: ArgumentHelp("Files that may be followed at once.", valueName: "count"))
  var followedFilesMax: Int = FollowRun.filesMaxDefault

  @Option(help: ArgumentHelp("Files that had a followed name before and are read on.", valueName: "count"))
  var renamedFilesMax: Int = FollowedBounds.renamedFilesMaxDefault

  @Option(help: ArgumentHelp("How long a renamed file is read on that does not grow.", valueName: "duration"))
  var renamedQuietMax: String = "1h"

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: ArgumentHelp("The time of records that have none: RFC 3339 or a date (midnight UTC).", valueName: "time"))
  var assumeTime: String?

  @Flag(help: "Give records without an id one made of the input's name, the line's offset and the line.")
  var assignIds = false

  @Option(help: ArgumentHelp("The name of the input in the ledger and in assigned ids; default: the file's base name.", valueName: "name"))
  var inputName: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "A value for records without the field, as in --set source=eu-gateway. Fields: \(RecordConstants.fields.joined(separator: ", ")).",
      valueName: "field=value"))
  var constants: [String] = []

  @Option(
    help: ArgumentHelp(
      "The format of lines that are a guard's bare reply, and of records with output that name none; guardtally formats lists them.",
      valueName: "name"), completion: .guardFormats)
  var format: String?

  @OptionGroup var replyOptions: ReplyOptions

  @Option(help: ArgumentHelp("Write where each refused line stands, and why, as CSV.", valueName: "file"), completion: .file())
  var rejects: String?

  @Flag(help: "Exit with 0 although some records were refused.")
  var allowRejects = false

  @Flag(help: "Store made-up verdicts (source=synthetic) beside others.")
  var allowSynthetic = false

  @Flag(help: "Print the counts as a JSON object on standard output.")
  var json = false

  @Option(help: ArgumentHelp("How far a record's time may lie in the future.", valueName: "duration"))
  var timeAheadMax: String = "24h"

  @Option(help: ArgumentHelp("Verdicts of one commit at the most.", valueName: "count"))
  var batchVerdictsMax: Int = BatchBounds.verdictsMaxDefault

  func run() throws {
    try Failure.reported {
      let settings = try recordSettings()
      var bounds = BatchBounds()
      guard (1...1_000_000).contains(batchVerdictsMax) else { throw Failure.usage("--batch-verdicts-max takes 1 to 1000000") }
      bounds.verdictsMax = batchVerdictsMax
      let inputs = try IngestInputs(files: files, name: inputName, assignsIDs: assignIds)
      let store = try storeOptions.store()
      let rejectsFile = try rejects.map { try RejectsFile(path: $0, isGrowing: follow, sparing: storeOptions.files() + inputs.paths) }
      if follow { try refuseWhatCannotBeFollowed(inputs) }
      Interrupts.request()
      var run = IngestRun(inputs: inputs, rejects: rejectsFile)
      var ending: ExitCode?
      let insisted = insist(on: run.told)
      do {
        try Failure.reported {
          if follow {
            (run, ending) = FollowRun(store: store, inputs: inputs, settings: settings, bounds: bounds, options: writerOptions, followedBounds: try followedBounds(), reading: reading).follow(run)
          } else {
            try inputs.check()
            ending = try ingest(&run, into: store, settings: settings, bounds: bounds)
          }
        }
      } catch let code as ExitCode {
        ending = code
      }
      insisted.begin()
      ending = try end(run, rejectsFile, ending: ending)
      // Whatever else was said, this is the last line.
      StandardError.line(run.counts.ledgerLine)
      if let ending { throw ending }
      if run.counts.rejected + run.counts.conflicts > 0, !allowRejects, !follow { throw Failure.someRejected }
    }
  }

  /// One that follows is ended by SIGTERM as a matter of course, and may take its time for what it has read.
  private func insist(on told: IngestRun.Told) -> Interrupts.Ending {
    let (json, isFollowing) = (json, follow)
    return Interrupts.insist(interruptMilliseconds: 120, terminationMilliseconds: isFollowing ? 5_000 : 120, code: isFollowing ? 0 : Failure.interrupted.rawValue) {
      let counts = told.value
      if StandardError.isTerminal, !Terminal.isDumb { StandardError.write("\r\u{1B}[K") }
      StandardError.line("guardtally: interrupted; what the line below counts is stored, and what was under way is not")
      if json, let output = try? FileOutput(path: nil) {
        output.write(counts.jsonObject + "\n")
        try? output.finish()
      }
      StandardError.line(counts.ledgerLine)
    }
  }

  private func ingest(_ run: inout IngestRun, into store: any VerdictStore, settings: RecordSettings, bounds: BatchBounds) throws -> ExitCode? {
    let writer: any VerdictWriter
    do {
      writer = try store.makeWriter(options: writerOptions)
    } catch let error as StoreError where error.code == .busy && Interrupts.isRequested {
      return Failure.interrupted
    }
    defer { writer.close() }
    return run.ingest(through: IngestPipeline(writer: writer, settings: settings, bounds: bounds, now: SystemClock.now))
  }

  /// The options that decide what lines are read as.
  private var reading: String {
    let options: [String?] = [assumeTime, format, replyOptions.context, "\(replyOptions.lineBytesMax)", "\(replyOptions.nestingMax)", timeAheadMax, "\(allowSynthetic)"]
    return "\(options) \(constants) \(replyOptions.threshold)"
  }

  private var writerOptions: WriterOptions {
    var options = WriterOptions()
    options.allowSynthetic = allowSynthetic
    return options
  }

  private func followedBounds() throws -> FollowedBounds {
    var bounds = FollowedBounds()
    let range = FollowedBounds.renamedFilesMaxRange
    guard range.contains(renamedFilesMax) else { throw Failure.usage("--renamed-files-max takes \(range.lowerBound) to \(range.upperBound)") }
    bounds.renamedFilesMax = renamedFilesMax
    guard let quiet = SpanText.length(renamedQuietMax) else {
      throw Failure.usage("--renamed-quiet-max takes a whole number above 0 and a unit (s, m, h, d, w; up to 100 years), as in 30m, 1h or 7d")
    }
    bounds.renamedQuietSeconds = quiet / Timestamp.microsecondsPerSecond
    return bounds
  }

  private func refuseWhatCannotBeFollowed(_ inputs: IngestInputs) throws {
    guard inputs.inputs.allSatisfy({ $0.path != nil }) else { throw Failure.usage("--follow takes files; a pipe is read to its end without it") }
    guard !assignIds else {
      throw Failure.usage("--assign-ids makes ids of a line's offset, which rotation changes; records that are followed need ids of their own")
    }
    guard Set(inputs.paths).count == inputs.paths.count else { throw Failure.usage("a file can be followed only once") }
    guard FollowRun.filesMaxRange.contains(followedFilesMax) else {
      throw Failure.usage("--followed-files-max takes \(FollowRun.filesMaxRange.lowerBound) to \(FollowRun.filesMaxRange.upperBound)")
    }
    guard inputs.paths.count <= followedFilesMax else {
      throw Failure.usage(
        "\(inputs.paths.count) files are more than one program follows (--followed-files-max \(followedFilesMax)); raise it up to \(FollowRun.filesMaxRange.upperBound), or follow the rest with another")
    }
    try inputs.checkFollowed()
  }

  /// Finishes the rejects file and prints the counts. A failure of either does not hide the other.
  private func end(_ run: IngestRun, _ rejectsFile: RejectsFile?, ending: ExitCode?) throws -> ExitCode? {
    var ending = ending
    do {
      try Failure.reported {
        try rejectsFile?.finish()
        guard json else { return }
        let output = try FileOutput(path: nil)
        output.write(run.counts.jsonObject + "\n")
        try output.finish()
      }
    } catch let code as ExitCode {
      ending = ending ?? code
    }
    return ending
  }

  private func recordSettings() throws -> RecordSettings {
    var settings = RecordSettings()
    guard let ahead = SpanText.length(timeAheadMax) else {
      throw Failure.usage("--time-ahead-max takes a whole number above 0 and a unit (s, m, h, d, w; up to 100 years), as in 30m, 24h or 7d")
    }
    settings.timeAheadMax = ahead
    settings.assignsIDs = assignIds
    settings.format = try format.map { try ReplyOptions.format(named: $0).index }
    try replyOptions.apply(to: &settings)
    if let assumeTime {
      guard let time = SpanText.time(assumeTime, in: .utc) else {
        throw Failure.usage("--assume-time takes RFC 3339 with an offset or a date, as in 2026-01-10T00:00:00Z")
      }
      let latest = SystemClock.now().advanced(byMicroseconds: ahead)
      guard time >= .earliestAccepted, time <= latest else {
        throw Failure.usage("--assume-time must lie between 2000-01-01 and \(latest.rfc3339())")
      }
      settings.assumedTime = time
    }
    for constant in constants {
      let parts = constant.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
      guard parts.count == 2, settings.constants.set(parts[0], to: parts[1]) else {
        throw Failure.usage(
          "--set takes FIELD=VALUE with a value the field allows; fields are \(RecordConstants.fields.joined(separator: ", "))")
      }
    }
    return settings
  }
}
