import Reports
import Verdicts

/// `manifest.json`: what each published file holds, so that a reader can check it. Also a data package descriptor of the
/// Frictionless specifications (Data Package 1.0), by which their readers find the files.
struct ReportManifest {
  /// A written file.
  struct File {
    var name: String
    var path: String
    var bytes: Int
    var rows: Int
    /// In hexadecimal digits.
    var sha256: String
    var report: Report
  }

  var program: String
  var schemaVersion: Int
  /// The newest event time that the files cover, or nil where they cover none.
  var newestEventTime: Timestamp?
  var files: [File]

  var json: String {
    var text = "{\n"
    text += "  \"profile\": \"tabular-data-package\",\n"
    text += "  \"name\": \"guardtally-reports\",\n"
    text += "  \"program\": \(JSONText.string(program)),\n"
    text += "  \"schema_version\": \(schemaVersion),\n"
    text += "  \"newest_event_time\": \(newestEventTime.map { JSONText.string($0.rfc3339()) } ?? "null"),\n"
    text += "  \"resources\": [\n"
    text += files.map(Self.resource).joined(separator: ",\n")
    return text + "\n  ]\n}\n"
  }

  private static func resource(_ file: File) -> String {
    let columns = file.report.columns
    let query = file.report
    let by = query.by.map { JSONText.string($0.name) }.joined(separator: ", ")
    let fields = columns.map { "{\"name\": \(JSONText.string($0.name)), \"type\": \"\(type(of: $0))\"}" }
    return """
          {
            "profile": "tabular-data-resource",
            "name": \(JSONText.string(file.name)),
            "path": \(JSONText.string(file.path)),
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "bytes": \(file.bytes),
            "hash": "sha256:\(file.sha256)",
            "sha256": "\(file.sha256)",
            "rows": \(file.rows),
            "columns": [\(columns.map { JSONText.string($0.name) }.joined(separator: ", "))],
            "query": {"report": \(JSONText.string(query.name.rawValue)), "from": \(JSONText.string(query.zone.text(query.span.from))), \
      "to": \(JSONText.string(query.zone.text(query.span.to))), "every": \(JSONText.string(query.step?.rawValue ?? "")), "by": [\(by)], \
      "tz": \(JSONText.string(query.zone.name))},
            "schema": {"fields": [\(fields.joined(separator: ", "))]}
          }
      """
  }

  /// Types of Frictionless' table schema.
  private static func type(of column: Column) -> String {
    switch column.kind {
    case .time: "datetime"
    case .text: "string"
    case .count: "integer"
    case .decimal: "number"
    }
  }
}
