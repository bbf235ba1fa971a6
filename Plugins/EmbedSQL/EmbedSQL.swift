import Foundation
import PackagePlugin

/// Compiles the top-level `migrations/` and `queries/` into the module that uses this plugin, so that the program runs from
/// any folder. A file added to either folder is noticed by the next build.
@main
struct EmbedSQL: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let root = context.package.directoryURL
    let folders = ["migrations", "queries"]
    let files = folders.flatMap { sqlFiles(under: root.appending(path: $0)) }.sorted { $0.path() < $1.path() }
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
    return [
      .buildCommand(
        displayName: "Embedding \(files.count) SQL files",
        executable: try context.tool(named: "embed-sql").url,
        arguments: [root.path(), output.path()] + files.map { $0.path() },
        inputFiles: files,
        outputFiles: [output])
    ]
  }

  private func sqlFiles(under folder: URL) -> [URL] {
    guard let found = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) else { return [] }
    return found.compactMap { $0 as? URL }.filter { $0.pathExtension == "sql" }
  }
}
