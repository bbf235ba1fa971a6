import JSONReading
import Verdicts

/// The envelope that OpenAI-compatible servers (vLLM, SGLang, llama.cpp and others) put around what a model wrote, whole or in
/// streamed chunks. What it holds is joined here; another reader reads it.
struct ChatCompletion {
  private(set) var content: [UInt8] = []
  private(set) var reasoning: [UInt8] = []
  private(set) var model: [UInt8]?
  /// In microseconds.
  private(set) var latency: Int64?
  private(set) var finishReason: String?
  private(set) var hasRefusal = false
  private(set) var hasFailed = false
  private(set) var hasChoice = false
  /// Whether part of it cannot be read, or there are several choices and nobody can tell which of them is the first.
  private(set) var isBroken = false
  private var isStream = false

  /// Whether the text ends where something cut it: a token limit, or a stream that broke off.
  var isCut: Bool { finishReason == "length" || isStream && finishReason == nil }

  /// Takes in a completion, or the next chunk of one.
  mutating func add(_ object: JSONValue) {
    guard object.kind == .object else { return isBroken = true }
    if model == nil { model = object["model"]?.text.flatMap { $0.isEmpty ? nil : Array($0) } }
    if ReplyReader.isFailure(object) { return hasFailed = true }
    guard let choices = object["choices"], choices.kind == .array else {
      // What servers answer in the place of a completion, or of a chunk.
      if object["detail"] != nil || object["message"] != nil { hasFailed = true } else { isBroken = true }
      return
    }
    latency = Self.latency(object) ?? latency
    if choices.count > 1, choices.elements.contains(where: { $0["index"]?.number == nil }) { isBroken = true }
    for choice in choices.elements {
      guard choice["index"].map({ $0.isNull || $0.number?.isZero == true }) ?? true else { continue }
      hasChoice = true
      if choice["delta"] != nil { isStream = true }
      if let reason = choice["finish_reason"]?.string { finishReason = reason }
      if ReplyReader.isFailure(choice) || finishReason == "error" { return hasFailed = true }
      guard let message = choice["message"] ?? choice["delta"], message.kind == .object else {
        isBroken = true
        continue
      }
      if !Self.append(message["content"], to: &content) { isBroken = true }
      _ = Self.append(message["reasoning_content"] ?? message["reasoning"], to: &reasoning)
      if let refusal = message["refusal"]?.text, !refusal.isEmpty { hasRefusal = true }
    }
  }

  /// Text, or a list of parts with text.
  ///
  /// - Returns: false for anything else, part of which would be lost.
  private static func append(_ value: JSONValue?, to bytes: inout [UInt8]) -> Bool {
    guard let value, !value.isNull else { return true }
    if let text = value.text {
      bytes.append(contentsOf: text)
      return true
    }
    guard value.kind == .array else { return false }
    for part in value.elements {
      guard let text = part["text"]?.text else { return false }
      bytes.append(contentsOf: text)
    }
    return true
  }

  /// The stream broke off.
  mutating func breakOff() { isStream = true }

  /// The server said that it failed.
  mutating func fail() { hasFailed = true }

  /// How long the server took: vLLM's per-request metrics, llama.cpp's timings, a usage object with times, or a gateway's
  /// `latency_ms`. Nil where none of them is whole.
  private static func latency(_ object: JSONValue) -> Int64? {
    func sum(_ value: JSONValue?, _ members: [String], unit: Int) -> Int64? {
      guard let value else { return nil }
      var sum: Int64 = 0
      for member in members {
        guard let number = value[name: member]?.number, !number.isNegative, let part = number.wholePart(timesTenTo: unit)?.value,
          part <= LatencyScale.microsecondsMax
        else { return nil }
        sum += part
      }
      return sum <= LatencyScale.microsecondsMax ? sum : nil
    }
    return sum(object, ["latency_ms"], unit: 3)
      ?? sum(object["metrics"], ["queue_time_ms", "time_to_first_token_ms", "generation_time_ms"], unit: 3)
      ?? sum(object["usage"], ["queue_time", "total_time"], unit: 6) ?? sum(object["usage"], ["total_time"], unit: 6)
      ?? sum(object["timings"], ["prompt_ms", "predicted_ms"], unit: 3)
  }
}
