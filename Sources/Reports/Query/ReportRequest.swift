import Guards
package import Verdicts

/// A report as a user asks for it: options as text, from a command line or a URL. Texts are checked together, so that whoever asks is
/// told the same wherever.
package struct ReportRequest: Sendable {
  package var name: String
  package var from: String?
  package var to: String?
  package var last: String?
  package var every: String?
  /// Each may name several dimensions, joined by commas.
  package var by: [String] = []
  package var filters: [String] = []
  package var zone = "UTC"
  package var isNative = false
  package var taxonomy: String?
  package var sort: String?
  package var limit: Int?
  package var bucketsMax = Report.bucketsMaxDefault

  package init(name: String) { self.name = name }

  /// - Parameter now: gives the time in the request's zone, by which spans without an end are told.
  package func report(now: (Zone) throws(QueryError) -> Timestamp) throws(QueryError) -> (report: Report, order: RowOrder) {
    guard let reportName = ReportName(rawValue: name) else {
      throw QueryError.unknown("report", name, among: ReportName.allCases.map(\.rawValue), "reports")
    }
    guard let zone = Zone(name: zone) else {
      throw QueryError.unknownZone(self.zone)
    }
    guard bucketsMax > 0 else { throw QueryError("--buckets-max takes a whole number from 1 on") }
    let edge = try now(zone).edge
    var filtersRead: [DimensionFilter] = []
    for filter in filters { filtersRead.append(try DimensionFilter(filter)) }
    let report = try Report(
      name: reportName, span: try span(in: zone, edge: edge), step: try step(), by: try dimensions(), filters: filtersRead, zone: zone,
      naming: try naming(), bucketsMax: bucketsMax)
    return (report, try RowOrder(sort: sort, limit: limit, columns: report.columns))
  }

  private func span(in zone: Zone, edge: Timestamp) throws(QueryError) -> Span {
    guard let from else {
      if to != nil { throw QueryError("--to needs --from: the span would have no beginning") }
      guard let length = SpanText.length(last ?? "24h") else {
        throw QueryError("--last takes a whole number above 0 and a unit (s, m, h, d, w; up to 100 years), as in 15m, 24h or 7d")
      }
      return Span(from: edge.advanced(byMicroseconds: -length), to: edge)
    }
    if last != nil { throw QueryError("--last does not go with --from: give one or the other") }
    let begin = try Self.time(from, option: "--from", in: zone)
    guard let to else { return Span(from: begin, to: edge) }
    return Span(from: begin, to: try Self.time(to, option: "--to", in: zone))
  }

  /// A time that an option gives.
  package static func time(_ text: String, option: String, in zone: Zone) throws(QueryError) -> Timestamp {
    guard let time = SpanText.time(text, in: zone) else {
      throw QueryError("\(option) takes RFC 3339 with an offset or a date, as in 2026-01-10T00:00:00Z or 2026-01-10")
    }
    return time
  }

  private func step() throws(QueryError) -> BucketStep? {
    guard let every else { return nil }
    guard let step = BucketStep(rawValue: every) else {
      throw QueryError("--every takes \(BucketStep.allCases.map(\.rawValue).joined(separator: ", ")), not \(every)")
    }
    return step
  }

  private func dimensions() throws(QueryError) -> [Dimension] {
    var dimensions: [Dimension] = []
    for name in by.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      guard let dimension = Dimension(name: name) else { throw QueryError.unknownDimension(String(name)) }
      dimensions.append(dimension)
    }
    return dimensions
  }

  private func naming() throws(QueryError) -> CategoryNaming {
    guard let taxonomy else { return isNative ? .native : .canonical }
    guard !isNative else { throw QueryError("--native and --taxonomy are two ways to name the same; take one") }
    guard let known = GuardCatalog.standard.taxonomy(named: taxonomy) else {
      throw QueryError.unknown("taxonomy", taxonomy, among: GuardCatalog.standard.taxonomies.map(\.name), "taxonomies")
    }
    return .taxonomy(known)
  }
}
