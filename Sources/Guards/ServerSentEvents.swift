/// A stream of server-sent events as text (WHATWG HTML, "Server-sent events").
enum ServerSentEvents {
  enum Event {
    /// Data that may be one value of JSON; an event's lines are joined where one alone is none.
    case data([UInt8])
    /// The stream says that it failed.
    case failure
    /// A line that no such stream has.
    case unknown
  }

  /// Gives what the lines say until the body returns false.
  ///
  /// - Parameter body: for data, true where it was taken; else the next line of the same event is joined to it and tried again.
  /// - Returns: whether the text ends in data that nobody took: the stream broke off.
  static func read(_ text: Bytes, _ body: (Event) -> Bool?) -> Bool {
    var pending: [UInt8] = []
    var start = 0
    while start < text.count {
      let end = text.firstIndex(ofByte: 0x0A, from: start) ?? text.count
      let line = text.part(start..<end).trimmed
      start = end + 1
      if line.isEmpty {
        // The event ends; what is left of it was never whole.
        if !pending.isEmpty, start < text.count { _ = body(.unknown) }
        if start < text.count { pending = [] }
        continue
      }
      if line.first == 0x3A || line.hasPrefix(id) || line.hasPrefix(retry) { continue }
      if line.hasPrefix(event) {
        if line.part(from: event.count).trimmed.matches(error), body(.failure) == nil { return false }
        continue
      }
      guard line.hasPrefix(data) else {
        if body(.unknown) == nil { return false }
        continue
      }
      if !pending.isEmpty { pending.append(0x0A) }
      pending += line.part(from: data.count).trimmed
      switch body(.data(pending)) {
      case nil: return false
      case true?: pending = []
      case false?: break
      }
    }
    return !pending.isEmpty
  }

  private static let data = Array("data:".utf8)
  private static let event = Array("event:".utf8)
  private static let id = Array("id:".utf8)
  private static let retry = Array("retry:".utf8)
  private static let error = Spelling("error")
}
