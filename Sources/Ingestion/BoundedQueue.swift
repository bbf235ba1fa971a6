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

  /// Drops what waits, and makes room for whatever a producer still pushes before it sees that nobody wants it: the value at
  /// hand and its end, far fewer than there is room for.
  func drain() {
    elements.withLock { $0.removeAll() }
    for _ in 0..<Self.drainedRoom { vacancies.signal() }
  }

  private static var drainedRoom: Int { 16 }
}
