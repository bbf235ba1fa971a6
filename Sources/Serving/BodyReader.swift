import CZlib
import HTTPTypes
import NIOCore

/// The bounds of a body, and its decompression.
struct BodyReader: Sendable {
  /// Bytes of a body, before and after decompression.
  var bytesMax: Int
  /// How long a body may take.
  var deadline: Duration

  var tooLarge: RequestFault {
    RequestFault(
      .contentTooLarge, "too_large", "the body is over \(bytesMax) bytes (--body-bytes-max counts it before and after decompression); send smaller batches",
      endsConnection: true)
  }

  var tooSlow: RequestFault {
    RequestFault(.requestTimeout, "too_slow", "the body did not arrive in time (--body-deadline); send the request again", endsConnection: true)
  }

  /// Whether a body is compressed; also refuses one that says it is too long.
  ///
  /// - Throws: ``RequestFault``.
  func isCompressed(_ head: PostHead) throws -> Bool {
    if let length = head.contentLength.flatMap({ Int($0) }), length > bytesMax { throw tooLarge }
    guard let encoding = head.contentEncoding else { return false }
    switch encoding.lowercased() {
    case "", "identity": return false
    case "gzip", "x-gzip": return true
    default: throw RequestFault(.unsupportedMediaType, "unsupported_encoding", "Content-Encoding may be gzip or identity", endsConnection: true)
    }
  }

  /// - Throws: ``RequestFault``.
  func decompressed(_ body: ByteBuffer, within share: MemoryBudget.Share) throws -> ByteBuffer {
    let damaged = RequestFault(.badRequest, "bad_gzip", "the body is not a gzip stream that ends; nothing of it is stored; send it again")
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { throw damaged }
    defer { inflateEnd(&stream) }
    var whole = ByteBuffer()
    try body.withUnsafeReadableBytes { input in
      guard let start = input.baseAddress else { throw damaged }
      stream.next_in = UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: UInt8.self))
      stream.avail_in = UInt32(input.count)
      while true {
        var status = Z_OK
        let written = whole.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceBytes) { output in
          stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
          stream.avail_out = UInt32(output.count)
          status = inflate(&stream, Z_NO_FLUSH)
          return output.count - Int(stream.avail_out)
        }
        try share.grow(by: written)
        if whole.readableBytes > bytesMax { throw tooLarge }
        if status == Z_STREAM_END {
          if stream.avail_in == 0 { return }
          // Streams may follow one another, as in a file.
          guard inflateReset(&stream) == Z_OK else { throw damaged }
        } else if status != Z_OK || written == 0 && stream.avail_in == 0 {
          throw damaged
        }
      }
    }
    return whole
  }

  private static let pieceBytes = 64 << 10
}
