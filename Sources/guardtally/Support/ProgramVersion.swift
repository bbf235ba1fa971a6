/// What `--version` prints.
enum ProgramVersion {
  static let text = "guardtally 0.1.0"
}
