/// What `--version` prints.
enum ProgramVersion {
  static let text = "guardtally 0.2.0"
}
