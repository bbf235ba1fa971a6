import Files
import Verdicts

/// `--rejects FILE`: where each refused line stands and why, as CSV. Never the line.
final class RejectsFile {
  private let output: FileOutput

  init(path: String, sparing precious: [String]) throws {
    output = try FileOutput(path: path, sparing: precious)
    output.write("input,line,offset,length,code\r\n")
  }

  func append(_ rejections: [Rejection], of input: String) {
    let name = CSVText.field(input)
    for rejection in rejections {
      let position = rejection.position
      output.write("\(name),\(position.line),\(position.offset),\(position.length),\(rejection.code.rawValue)\r\n")
    }
  }

  func finish() throws { try output.finish() }
}
