import Dispatch
import Synchronization

/// Hands values from one thread to another and holds only so many: whoever is ahead waits.
final class BoundedQueue<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])
  private let vacancies: DispatchSemaphore
  private let arrivals = DispatchSemaphore(value: 0)

  init(capacity: Int) { vacancies = DispatchSemaphore(value: capacity) }

  func push(_ element: Element) {
    vacancies.wait()
    elements.withLock { $0.append(element) }
    arrivals.signal()
  }

  func pop() -> Element {
    arrivals.wait()
    let element = elements.withLock { $0.removeFirst() }
    vacancies.signal()
    return element
  }

  /// Makes room once and for all: nothing that is pushed from now on waits.
  func drain() {
    elements.withLock { $0.removeAll() }
    for _ in 0..<Self.drainedRoom { vacancies.signal() }
  }

  private static var drainedRoom: Int { 16 }
}
