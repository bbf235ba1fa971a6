#if canImport(Glibc)
import Glibc
#endif
import Records

/// The inputs of one `ingest`, checked before anything is stored.
struct IngestInputs {
  struct Input {
    /// Nil for standard input.
    var path: String?
    /// In the ledger, in messages and in assigned ids.
    var name: String
  }

  var inputs: [Input]
  /// Bytes of all inputs together, or nil where one is no file.
  var totalBytes: Int64?

  /// - Parameter name: `--input-name`.
  init(files: [String], name: String?, assignsIDs: Bool) throws {
    let paths = files.isEmpty ? ["-"] : files
    if let name {
      guard paths.count == 1 else { throw Failure.usage("--input-name names one input, and there are \(paths.count)") }
      guard !name.isEmpty, name.utf8.count <= 1_024, !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        throw Failure.usage("--input-name takes 1 to 1024 bytes without control characters")
      }
    }
    guard paths.filter({ $0 == "-" }).count <= 1 else { throw Failure.usage("standard input can be read only once") }
    inputs = paths.map { path in
      let base = Self.printable(path.split(separator: "/").last.map(String.init) ?? path)
      return Input(path: path == "-" ? nil : path, name: name ?? (path == "-" ? "stdin" : base))
    }
    if assignsIDs { try Self.checkNames(inputs, name: name) }
    var total: Int64? = 0
    for input in inputs {
      var status = stat()
      let isFile = input.path.map { stat($0, &status) == 0 && status.st_mode & S_IFMT == S_IFREG } ?? false
      total = isFile ? total.map { $0 + Int64(status.st_size) } : nil
    }
    totalBytes = total
  }

  var paths: [String] { inputs.compactMap(\.path) }

  /// Whether all inputs can be read, before any of them is stored.
  func check() throws {
    for path in paths {
      guard access(path, R_OK) == 0 else {
        let reason = String(cString: strerror(errno))
        throw InputError(.missing, "cannot read \(Self.printable(path)): \(reason); nothing was stored; check the name and its permissions")
      }
      var status = stat()
      if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        throw InputError(.unreadable, "\(Self.printable(path)) is a folder; name the files in it")
      }
    }
  }

  /// Whether what is there can be followed.
  func checkFollowed() throws {
    for path in paths {
      var status = stat()
      guard stat(path, &status) == 0 else { continue }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw Failure.usage("\(Self.printable(path)) is no regular file; --follow takes files, and a pipe is read to its end without it")
      }
      guard !GzipBytes.isCompressed(path) else {
        throw Failure.usage("\(Self.printable(path)) is compressed; --follow takes lines as they are written, and what is compressed is read without it")
      }
    }
  }

  /// Without control characters, which would tear a message or a terminal apart.
  private static func printable(_ name: String) -> String {
    String(String.UnicodeScalarView(name.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
  }

  /// Assigned ids are made of the name, so two inputs of one name could give two lines the same id.
  private static func checkNames(_ inputs: [Input], name: String?) throws {
    if inputs.contains(where: { $0.path == nil }), name == nil {
      throw Failure.usage("--assign-ids makes ids of the input's name; standard input has none, so give --input-name")
    }
    let names = inputs.map(\.name)
    guard Set(names).count == names.count else {
      throw Failure.usage("--assign-ids makes ids of the input's name, and two inputs have the same; ingest them one by one with --input-name")
    }
  }
}
