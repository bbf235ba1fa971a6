import Crypto
import Files
import Reports
package import Storage
import Verdicts

/// A folder of published reports. Its files appear whole, each in the place of the one before, and the manifest last.
package struct ReportDirectory {
  private let path: String
  private let program: String
  private let schemaVersion: Int

  /// - Parameters:
  ///   - program: name and version, for the manifest.
  ///   - schemaVersion: the store's.
  package init(path: String, program: String, schemaVersion: Int) {
    self.path = path
    self.program = program
    self.schemaVersion = schemaVersion
  }

  /// Writes all reports of a set from one snapshot.
  ///
  /// - Returns: how many files were written, the manifest included.
  /// - Throws: ``OutputError``, or ``StoreError``; then files may be missing from the new set, but each is whole.
  package func publish(_ set: ReportSet, of snapshot: any StoreSnapshot) throws -> Int {
    try Folder.make(path)
    var outputs: [FileOutput] = []
    var files: [ReportManifest.File] = []
    for member in set.members {
      let name = member.name + ".csv"
      let output = try FileOutput(path: path + "/" + name)
      files.append(try write(member, as: name, to: output, of: snapshot))
      outputs.append(output)
    }
    let newest = try snapshot.newestVerdictEver(before: set.end).flatMap { $0 >= set.start ? $0 : nil }
    let manifest = ReportManifest(program: program, schemaVersion: schemaVersion, newestEventTime: newest, files: files)
    let last = try FileOutput(path: path + "/manifest.json")
    last.write(manifest.json)
    for output in outputs + [last] { try output.finish() }
    return outputs.count + 1
  }

  private func write(
    _ member: ReportSet.Member, as name: String, to output: FileOutput, of snapshot: any StoreSnapshot
  ) throws -> ReportManifest.File {
    var writer = ReportFormat.csv.makeWriter(for: member.report)
    var hash = SHA256()
    var file = ReportManifest.File(name: member.name, path: name, bytes: 0, rows: 0, sha256: "", report: member.report)
    var pending: [UInt8] = []
    func flush() throws {
      hash.update(data: pending)
      file.bytes += pending.count
      output.write(bytes: pending)
      pending.removeAll(keepingCapacity: true)
      if let failure = output.failure { throw failure }
    }
    writer.begin(member.report.columns, to: &pending)
    try member.report.forEachRow(of: snapshot) { row in
      writer.row(row, to: &pending)
      file.rows += 1
      if pending.count >= Self.pendingBytes { try flush() }
    }
    writer.end(to: &pending)
    try flush()
    file.sha256 = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return file
  }

  private static let pendingBytes = 64 << 10
}
