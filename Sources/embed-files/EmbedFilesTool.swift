import Foundation

/// `embed-files ROOT OUTPUT FILE…` writes one Swift file that holds the text of each file under its path relative to ROOT.
@main
struct EmbedFilesTool {
  static func main() throws {
    let arguments = CommandLine.arguments
    let root = URL(filePath: arguments[1]).standardizedFileURL.path()
    var source = "/// Texts by path, written by the build.\n"
    source += "enum EmbeddedFiles {\n  static let texts: [String: String] = [\n"
    for path in arguments.dropFirst(3) {
      let file = URL(filePath: path).standardizedFileURL
      let name = file.path().dropFirst(root.count).drop { $0 == "/" }
      source += "    \(literal(String(name))): \(literal(try String(contentsOf: file, encoding: .utf8))),\n"
    }
    source += "  ]\n}\n"
    try source.write(toFile: arguments[2], atomically: true, encoding: .utf8)
  }

  private static func literal(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
