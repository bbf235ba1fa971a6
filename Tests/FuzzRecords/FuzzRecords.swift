import RecordOracle

/// libFuzzer's own entry: it reads the options, and calls back with one input after another.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Fuzzes the record reader: it must neither crash nor hang, and must agree with Foundation on what is JSON.
@main
struct FuzzRecords {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    _ = runFuzzer(&count, &arguments) { start, length in
      let line = Array(UnsafeBufferPointer(start: start, count: length))
      // libFuzzer keeps the input of a run that crashes.
      if let disagreement = JSONOracle.disagreement(on: line) { fatalError(disagreement) }
      return 0
    }
  }
}
