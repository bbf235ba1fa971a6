/// What a look at a store, and at the machine under it, found.
package struct StoreFinding: Sendable, Equatable {
  package enum Grade: String, Sendable {
    case ok, warning, failure
  }

  package var grade: Grade
  /// What was looked at, in a word or two.
  package var subject: String
  package var detail: String
  /// What to do, where something is to be done.
  package var advice: String?

  package init(_ grade: Grade, _ subject: String, _ detail: String, advice: String? = nil) {
    self.grade = grade
    self.subject = subject
    self.detail = detail
    self.advice = advice
  }

  /// Commits wait for the disk: how long it takes one to have written.
  ///
  /// - Parameter microseconds: of several syncs, in any order; not empty.
  package static func syncing(_ microseconds: [Int64]) -> StoreFinding {
    let median = microseconds.sorted()[microseconds.count / 2]
    let text = "\(median / 1_000).\(median / 100 % 10) ms for a sync (the median of \(microseconds.count))"
    return median > 20_000
      ? StoreFinding(.warning, "sync", text, advice: "each commit waits that long; use a disk of this machine's own, or send more verdicts in each request")
      : StoreFinding(.ok, "sync", text)
  }

  fileprivate static func schema(_ plan: MigrationPlan) -> StoreFinding {
    let newest = plan.applied.max() ?? 0
    if let unknown = plan.unknown {
      return StoreFinding(.failure, "schema", "\(unknown), newer than this program knows", advice: "use a newer guardtally")
    }
    guard let first = plan.pending.first else { return StoreFinding(.ok, "schema", "\(newest), current") }
    return StoreFinding(.failure, "schema", "\(newest); migration \(first.version) (\(first.name)) is missing", advice: "run guardtally migrate")
  }
}

extension StoreFinding {
  /// What a store could not do; its message ends with what to do.
  package static func failure(_ subject: String, _ error: any Error) -> StoreFinding {
    let description = (error as? StoreError)?.description ?? "cannot be read"
    guard let end = description.ranges(of: "; ").last else { return StoreFinding(.failure, subject, description) }
    return StoreFinding(.failure, subject, String(description[..<end.lowerBound]), advice: String(description[end.upperBound...]))
  }
}

extension VerdictStore {
  /// The schema as the store has it.
  package var schemaFinding: StoreFinding {
    do {
      return .schema(try migrationPlan())
    } catch let error as StoreError where error.code == .absent {
      return StoreFinding(.warning, "schema", "there is no store yet", advice: "the first guardtally ingest makes it")
    } catch {
      return .failure("schema", error)
    }
  }
}
