import ArgumentParser
import Files
import Storage
import Verdicts

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at a store and the machine under it, and say what to do.",
    usage: "guardtally doctor [<options>]",
    discussion: """
      Whether the store can be written, space, how long a sync takes, schema, clocks, and the settings of Postgres. Stores nothing. \
      Exits with 1 if anything fails; warnings alone do not. Whether the numbers are right is what verify proves.

      Example:
        guardtally generate --rows 1000 |
          guardtally ingest --db example.db
        guardtally doctor --db example.db
      """)

  @OptionGroup var storeOptions: StoreOptions

  /// Before this no clock can be right: the program is newer.
  private static let earliestNow = Timestamp(microseconds: 1_767_225_600_000_000)

  func run() throws {
    try Failure.reported {
      let store = try storeOptions.store()
      let findings = store.findings() + [clock(of: store)]
      let output = try FileOutput(path: nil)
      for finding in findings {
        let grade = finding.grade.rawValue
        output.write(grade + String(repeating: " ", count: 9 - grade.count) + finding.subject + String(repeating: " ", count: max(1, 12 - finding.subject.count)) + finding.detail + "\n")
        if let advice = finding.advice { output.write(String(repeating: " ", count: 21) + "→ \(advice)\n") }
      }
      try output.finish()
      if findings.contains(where: { $0.grade == .failure }) { throw ExitCode.failure }
    }
  }

  /// Newer verdicts than now tell of a clock that is wrong somewhere.
  private func clock(of store: any VerdictStore) -> StoreFinding {
    let now = SystemClock.now()
    guard now > Self.earliestNow else {
      return StoreFinding(.failure, "time", "this machine takes now for \(now.rfc3339())", advice: "set its clock")
    }
    let found: Timestamp?
    do {
      found = try store.read { try $0.newestVerdict(before: Span.always.to) }
    } catch let error as StoreError where error.code == .damaged {
      return .failure("verdicts", error)
    } catch {
      // What else keeps it from being read has been told.
      found = nil
    }
    guard let newest = found else { return StoreFinding(.ok, "time", "now is \(now.floored(to: Timestamp.microsecondsPerSecond).rfc3339())") }
    return newest > now
      ? StoreFinding(.warning, "time", "the newest verdict is of \(newest.rfc3339()), which is yet to come", advice: "check the clocks of the senders, and this machine's")
      : StoreFinding(.ok, "time", "the newest verdict is of \(newest.rfc3339())")
  }
}
