import Foundation
import GuardOracle
import Guards

/// libFuzzer's own entry: it reads the options, and calls back with one input after another.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Fuzzes the readers of replies: they must neither crash nor hang, and call safe only what says so.
///
/// An input is a byte for the format, a byte for text (0) or JSON (1) and whether a prompt was judged (2), and the reply.
@main
struct FuzzGuards {
  static func main() throws {
    if CommandLine.arguments.count > 3, CommandLine.arguments[1] == "--write-seeds" {
      return try writeSeeds(to: CommandLine.arguments[2], from: CommandLine.arguments.dropFirst(3))
    }
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    _ = runFuzzer(&count, &arguments) { start, length in
      guard let start, length >= 2 else { return 0 }
      let formats = GuardCatalog.standard.formats
      let reply = Array(UnsafeBufferPointer(start: start + 2, count: length - 2))
      if let disagreement = GuardOracle().disagreement(
        on: reply, isJSON: start[1] & 1 != 0, format: formats[Int(start[0]) % formats.count], isPrompt: start[1] & 2 != 0)
      {
        // The whole input, to be made a vector of; without a sanitizer libFuzzer keeps none.
        let input = UnsafeBufferPointer(start: start, count: length).map { String($0, radix: 16) }.joined(separator: " ")
        FileHandle.standardError.write(Data("\(disagreement)\ninput: \(input)\n".utf8))
        exit(1)
      }
      return 0
    }
  }

  /// A file for each vector.
  private static func writeSeeds(to folder: String, from files: ArraySlice<String>) throws {
    for (number, file) in files.enumerated() {
      for (index, line) in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").enumerated() {
        guard let vector = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], let name = vector["format"] as? String,
          let format = GuardCatalog.standard.format(named: name), let input = vector["input"]
        else { continue }
        let text = (input as? String).map { Data($0.utf8) }
        let reply = try text ?? JSONSerialization.data(withJSONObject: input, options: .fragmentsAllowed)
        try (Data([UInt8(format.index), text == nil ? 1 : 0]) + reply).write(to: URL(filePath: "\(folder)/\(number)-\(index)"))
      }
    }
  }
}
