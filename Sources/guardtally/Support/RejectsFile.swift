import Files
import Verdicts

/// `--rejects FILE`: where each refused line stands and why, as CSV. Never the line.
final class RejectsFile {
  private let output: FileOutput

  /// Whether lines are there as soon as they are told, behind those of earlier runs.
  private let isGrowing: Bool

  init(path: String, isGrowing: Bool, sparing precious: [String]) throws {
    self.isGrowing = isGrowing
    output = try FileOutput(path: path, isGrowing: isGrowing, sparing: precious)
    if output.isEmpty { output.write("input,line,offset,length,code\r\n") }
  }

  func append(_ rejections: [Rejection], of input: String) {
    let name = CSVText.field(input)
    for rejection in rejections {
      let position = rejection.position
      output.write("\(name),\(position.line),\(position.offset),\(position.length),\(rejection.code.rawValue)\r\n")
    }
    // A failure is told at the end.
    if isGrowing { try? output.flush() }
  }

  func finish() throws { try output.finish() }
}
