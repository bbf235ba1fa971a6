import CZlib
import Exposition
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import Synchronization
import Verdicts

/// The exposition as it is served: rendered once a refresh, in both formats, plain and compressed, and kept in memory.
final class MetricsPage: Sendable {
  struct Rendered: Sendable {
    var text: ByteBuffer
    var textCompressed: ByteBuffer
    var openMetrics: ByteBuffer
    var openMetricsCompressed: ByteBuffer
    /// Nil where the store could not be read.
    var computedAt: Timestamp?
  }

  private let rendered: Mutex<Rendered>
  private let store: any VerdictStore
  private let settings: ExpositionSettings

  init(store: any VerdictStore, settings: ExpositionSettings) {
    self.store = store
    self.settings = settings
    rendered = Mutex(Self.render(MetricsSnapshot.outOfReach, at: nil))
  }

  /// When what is served was computed, or nil while the store is out of reach.
  var computedAt: Timestamp? { rendered.withLock(\.computedAt) }

  /// Reads the store and renders anew; with the store out of reach only that is served. Blocks.
  ///
  /// - Returns: why the store could not be read, or nil.
  func refresh(now: Timestamp) -> (any Error)? {
    do {
      let snapshot = try store.read { try MetricsSnapshot(of: $0, settings: settings, now: now) }
      let page = Self.render(snapshot.families, at: now)
      rendered.withLock { $0 = page }
      return nil
    } catch {
      withdraw()
      return error
    }
  }

  /// Serves nothing of the store: it cannot be read.
  func withdraw() {
    let page = Self.render(MetricsSnapshot.outOfReach, at: nil)
    rendered.withLock { $0 = page }
  }

  private static func render(_ families: [MetricFamily], at time: Timestamp?) -> Rendered {
    let text = ByteBuffer(string: ExpositionFormat.text.render(families))
    let openMetrics = ByteBuffer(string: ExpositionFormat.openmetrics.render(families))
    return Rendered(
      text: text, textCompressed: compressed(text), openMetrics: openMetrics, openMetricsCompressed: compressed(openMetrics), computedAt: time)
  }

  private static func compressed(_ text: ByteBuffer) -> ByteBuffer {
    var stream = z_stream()
    guard deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      preconditionFailure("zlib has no memory")
    }
    defer { deflateEnd(&stream) }
    var output = ByteBuffer()
    let bound = Int(deflateBound(&stream, UInt(text.readableBytes)))
    text.withUnsafeReadableBytes { input in
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.avail_in = UInt32(input.count)
      output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { space in
        stream.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(space.count)
        deflate(&stream, Z_FINISH)
        return space.count - Int(stream.avail_out)
      }
    }
    return output
  }

  /// The page in the format and encoding that a scraper asks for (Prometheus, "Scrape protocol content negotiation").
  func response(to request: Request) -> Response {
    let isOpenMetrics = Self.prefersOpenMetrics(request.headers[.accept] ?? "")
    let isCompressed = Self.quality(of: "gzip", in: request.headers[.acceptEncoding] ?? "") ?? 0 > 0
    let page = rendered.withLock(\.self)
    let body = isOpenMetrics ? isCompressed ? page.openMetricsCompressed : page.openMetrics : isCompressed ? page.textCompressed : page.text
    var headers: HTTPFields = [
      .contentType: isOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8",
      .vary: "Accept, Accept-Encoding", .cacheControl: "no-store",
    ]
    if isCompressed { headers[.contentEncoding] = "gzip" }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
  }

  /// OpenMetrics only where it is named, in a version that this is, and wanted at least as much as text.
  private static func prefersOpenMetrics(_ accept: String) -> Bool {
    var openMetrics = 0.0
    var text = 0.0
    for item in accept.split(separator: ",") {
      let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
      guard let type = parts.first else { continue }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      let version = parts.dropFirst().first { $0.hasPrefix("version=") }
      switch type {
      case "application/openmetrics-text" where version == nil || version == "version=1.0.0": openMetrics = max(openMetrics, quality)
      case "text/plain" where version == nil || version == "version=0.0.4", "text/*", "*/*": text = max(text, quality)
      default: break
      }
    }
    return openMetrics > 0 && openMetrics >= text
  }

  /// The weight of an encoding, or nil where it is not named.
  private static func quality(of wanted: String, in header: String) -> Double? {
    for item in header.split(separator: ",") {
      let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
      guard parts.first == wanted else { continue }
      return parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
    }
    return nil
  }
}
