import Foundation
import PackagePlugin

/// Compiles texts into the module that uses this plugin, so that the program runs from any folder: the module's own JSON files
/// where it has any, else the top-level `migrations/` and `queries/`. A file that is added is noticed by the next build.
@main
struct EmbedFiles: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    var root = target.directoryURL
    var files = self.files(under: root, ending: "json")
    if files.isEmpty {
      root = context.package.directoryURL
      files = ["migrations", "queries"].flatMap { self.files(under: root.appending(path: $0), ending: "sql") }
    }
    files.sort { $0.path() < $1.path() }
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
    return [
      .buildCommand(
        displayName: "Embedding \(files.count) files",
        executable: try context.tool(named: "embed-files").url,
        arguments: [root.path(), output.path()] + files.map { $0.path() },
        inputFiles: files,
        outputFiles: [output])
    ]
  }

  private func files(under folder: URL, ending: String) -> [URL] {
    guard let found = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) else { return [] }
    return found.compactMap { $0 as? URL }.filter { $0.pathExtension == ending }
  }
}
