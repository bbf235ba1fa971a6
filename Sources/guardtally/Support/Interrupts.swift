#if canImport(Glibc)
import Glibc
#endif
import Synchronization

/// What Ctrl-C and SIGTERM do.
enum Interrupts {
  private static let flag = Atomic<Bool>(false)

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
    for number in [SIGINT, SIGTERM] { signal(number) { _ in _exit(130) } }
  }

  /// From now on the first Ctrl-C or SIGTERM is a request; the second ends the program at once.
  static func request() {
    for number in [SIGINT, SIGTERM] { signal(number, handle) }
  }

  private static let handle: @convention(c) (Int32) -> Void = { _ in
    if Interrupts.flag.exchange(true, ordering: .relaxed) { _exit(130) }
  }
}
