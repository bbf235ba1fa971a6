#if canImport(Glibc)
import Glibc
#endif
import Dispatch
import Files
import Synchronization

/// What Ctrl-C and SIGTERM do.
enum Interrupts {
  private static let flag = Atomic<Bool>(false)
  private static let signalNumber = Atomic<Int32>(0)

  /// True once the user asked a command to end that first puts its work in order.
  static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Ends the program at once, with the contract's code. A closed pipe is an error of the write, not a signal.
  static func exitOnSignal() {
    // With a standard stream closed, the next file opened would take its place and its messages.
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 { _ = open("/dev/null", O_RDWR) }
    // Whoever starts the program may have them blocked: then nothing could end it.
    var asked = sigset_t()
    sigemptyset(&asked)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&asked, number) }
    pthread_sigmask(SIG_UNBLOCK, &asked, nil)
    signal(SIGPIPE, SIG_IGN)
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        TemporaryFiles.remove()
        _exit(130)
      }
    }
  }

  /// From now on the first Ctrl-C or SIGTERM is a request; the second ends the program at once.
  static func request() {
    for number in [SIGINT, SIGTERM] { signal(number, handle) }
  }

  /// Ends the program where it does not meet a request by itself: while a server does not answer, or a large commit is under way, of
  /// which nothing is stored then.
  ///
  /// - Parameters:
  ///   - milliseconds: for how long it may try, after Ctrl-C and after SIGTERM.
  ///   - farewell: what is said at the end; on a thread of its own.
  static func insist(interruptMilliseconds: Int, terminationMilliseconds: Int, code: Int32, farewell: @escaping @Sendable () -> Void) -> Ending {
    let ending = Ending()
    DispatchQueue(label: "guardtally.insisting").async {
      while !isRequested { usleep(pauseMicroseconds) }
      usleep(UInt32(signalNumber.load(ordering: .relaxed) == SIGTERM ? terminationMilliseconds : interruptMilliseconds) * 1_000)
      ending.begin()
      farewell()
      TemporaryFiles.remove()
      _exit(code)
    }
    return ending
  }

  /// Begun once: by the program that ends by itself, or by whoever ends it.
  final class Ending: Sendable {
    private let isBegun = Atomic<Bool>(false)

    /// Returns to the first who calls it, and never to others.
    func begin() {
      while isBegun.exchange(true, ordering: .relaxed) { sleep(1) }
    }
  }

  private static let pauseMicroseconds: UInt32 = 10_000

  private static let handle: @convention(c) (Int32) -> Void = { number in
    Interrupts.signalNumber.store(number, ordering: .relaxed)
    guard Interrupts.flag.exchange(true, ordering: .relaxed) else { return }
    TemporaryFiles.remove()
    _exit(130)
  }
}
