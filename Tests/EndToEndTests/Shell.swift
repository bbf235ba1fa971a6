import Foundation
import Testing

/// Runs the program as a user would, in a folder of the test's own.
final class Shell {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "guardtally-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
    var lastErrorLine: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
  }

  /// Where the build has put the program: beside the tests.
  static let programFolder: URL = {
    var url = URL(filePath: CommandLine.arguments[0])
    while url.path() != "/" {
      if FileManager.default.isExecutableFile(atPath: url.appending(path: "guardtally").path()) { return url }
      url = url.deletingLastPathComponent()
    }
    return Bundle.main.bundleURL
  }()

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Runs a script with the program on the path.
  func run(_ script: String) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = folder
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = Self.programFolder.path() + ":" + (environment["PATH"] ?? "")
    environment["GUARDTALLY_DB"] = nil
    process.environment = environment
    let outputs = try ["output", "errors"].map { name in
      let file = folder.appending(path: ".\(name)")
      try Data().write(to: file)
      return (file, try FileHandle(forWritingTo: file))
    }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = outputs[0].1
    process.standardError = outputs[1].1
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
      output: try String(contentsOf: outputs[0].0, encoding: .utf8), errors: try String(contentsOf: outputs[1].0, encoding: .utf8))
  }
}
