import Aggregation
import Dispatch
import Ingestion
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import Verdicts

/// What goes on by itself: the scheduled job, and rendering the metrics anew.
struct Upkeep: Service {
  let job: AggregationJob
  let schedule: JobSchedule
  let page: MetricsPage
  let health: Health
  let commits: GroupCommit
  let aggregateEvery: Duration
  let refreshEvery: Duration
  let now: @Sendable () -> Timestamp
  let logger: Logger

  /// While the store is away it is looked for this often.
  private static let retriedAfter = Duration.seconds(1)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await repeated { await aggregate() } }
        group.addTask { await repeated { await refresh() } }
        group.addTask { await repeated { await watchWriting() } }
      }
    }
    health.beginStopping()
  }

  /// Runs a body again and again, after as long as it says, until the end.
  private func repeated(_ body: () async -> Duration) async {
    while !Task.isCancelled {
      let pause = await body()
      try? await Task.sleep(for: pause)
    }
  }

  private func aggregate() async -> Duration {
    let isEnding = Atomic(false)
    let result = await withTaskCancellationHandler {
      await blocking {
        let now = now()
        return Result {
          try job.run(now: now, isInterrupted: { isEnding.load(ordering: .relaxed) }) { maintainer in
            try schedule.due(now: now) { try maintainer.lastSuccess(of: $0) }
          }
        }
      }
    } onCancel: {
      isEnding.store(true, ordering: .relaxed)
    }
    switch result {
    case .success(let summary?):
      if let obstacle = summary.obstacle { logger.error("old verdicts were not dropped", metadata: ["reason": "\(obstacle)"]) }
      if let notAddedUp = summary.notAddedUp { logger.warning("periods were not added up", metadata: ["reason": "\(notAddedUp)"]) }
      return aggregateEvery
    case .success(nil): return aggregateEvery
    case .failure(let error as StoreError) where error.code == .absent: return Self.retriedAfter
    case .failure(let error):
      logger.error("aggregation failed", metadata: ["reason": "\(Self.reason(error))"])
      return min(aggregateEvery, .seconds(5))
    }
  }

  /// After a commit that failed the store is away, though it may still be read, until an empty delivery can be stored.
  private func watchWriting() async -> Duration {
    if commits.figures.fault != nil { _ = try? await commits.store(VerdictBatch(input: "http"), bytes: 0) }
    if let fault = commits.figures.fault {
      page.withdraw()
      if health.isStoreUp { logger.error("the store cannot be written", metadata: ["reason": "\(fault.description)"]) }
      health.setStore(fault: fault.code.rawValue)
    }
    return Self.retriedAfter
  }

  private func refresh() async -> Duration {
    guard commits.figures.fault == nil else { return Self.retriedAfter }
    let error = await blocking { page.refresh(now: now()) }
    guard let error else {
      if !health.isStoreUp { logger.notice("the store can be read and written") }
      health.setStore(fault: nil)
      return refreshEvery
    }
    let code = (error as? StoreError)?.code.rawValue ?? "failed"
    if health.isStoreUp { logger.error("the store cannot be read", metadata: ["reason": "\(Self.reason(error))"]) }
    health.setStore(fault: code)
    return Self.retriedAfter
  }

  private static func reason(_ error: any Error) -> String { (error as? StoreError)?.description ?? "\(type(of: error))" }

  /// Runs what blocks on a thread of its own.
  private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { done in
      DispatchQueue.global(qos: .utility).async { done.resume(returning: body()) }
    }
  }
}
