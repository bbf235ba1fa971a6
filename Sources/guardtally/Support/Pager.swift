#if canImport(Glibc)
import Glibc
#endif

/// Stands between standard output and the terminal where more comes than the terminal shows at once.
struct Pager {
  private let process: pid_t

  /// - Parameter lines: how many will be written.
  /// - Returns: nil where none is needed, wanted or found; results then go to the terminal.
  static func begin(lines: Int) -> Pager? {
    guard Terminal.isOutput, isatty(STDIN_FILENO) == 1, let rows = Terminal.size?.rows, lines >= rows, !Terminal.isDumb else { return nil }
    let command = Terminal.environment("PAGER") ?? "less"
    guard let program = command.split(separator: " ").first, command != "cat", isShellText(program) || isFound(String(program)) else { return nil }
    // Ends by itself where all fits, keeps colours, leaves the text on the screen (less, LESS).
    setenv("LESS", "FRX", 0)
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return nil }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    posix_spawn_file_actions_addclose(&actions, ends[1])
    var process: pid_t = 0
    let arguments = ["/bin/sh", "-c", command]
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    let status = posix_spawn(&process, "/bin/sh", &actions, nil, &pointers, environ)
    close(ends[0])
    guard status == 0 else {
      close(ends[1])
      return nil
    }
    dup2(ends[1], STDOUT_FILENO)
    close(ends[1])
    // Ctrl-C is the pager's; the terminal is its own until it ends.
    signal(SIGINT, SIG_IGN)
    return Pager(process: process)
  }

  /// Waits until the reader has seen enough.
  func end() {
    close(STDOUT_FILENO)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  /// Whether only a shell can tell what it names.
  private static func isShellText(_ word: Substring) -> Bool { word.contains { "'\"\\$`=;|&<>(){}*?~".contains($0) } }

  private static func isFound(_ program: String) -> Bool {
    if program.contains("/") { return access(program, X_OK) == 0 }
    let folders = (Terminal.environment("PATH") ?? "/usr/bin:/bin").split(separator: ":")
    return folders.contains { access("\($0)/\(program)", X_OK) == 0 }
  }
}
