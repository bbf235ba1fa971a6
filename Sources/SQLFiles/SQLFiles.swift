/// The SQL of `migrations/` and `queries/`, carried inside the program.
package struct SQLFiles: Sendable {
  package enum Dialect: String, Sendable {
    case sqlite, postgres
  }

  package var dialect: Dialect

  package init(dialect: Dialect) { self.dialect = dialect }

  /// The text of `queries/NAME.DIALECT.sql`, else of `queries/NAME.sql`, after a comment that leads from a server's log back
  /// to the file. Names are the program's own, so a missing file is a programming error.
  package func query(_ name: String) -> String {
    let paths = ["queries/\(name).\(dialect.rawValue).sql", "queries/\(name).sql"]
    guard let path = paths.first(where: { EmbeddedFiles.texts[$0] != nil }), let text = EmbeddedFiles.texts[path] else {
      preconditionFailure("no file queries/\(name).sql")
    }
    return "/* \(path) */ " + text
  }

  /// The numbered files of `migrations/DIALECT`, ascending: number, name without number and ending, text.
  package var migrations: [(version: Int, name: String, text: String)] {
    let folder = "migrations/\(dialect.rawValue)/"
    return EmbeddedFiles.texts.compactMap { path, text in
      guard path.hasPrefix(folder), path.hasSuffix(".sql") else { return nil }
      let stem = path.dropFirst(folder.count).dropLast(".sql".count)
      let parts = stem.split(separator: "_", maxSplits: 1)
      guard parts.count == 2, let version = Int(parts[0]) else { return nil }
      return (version, String(parts[1]), text)
    }.sorted { $0.version < $1.version }
  }
}
