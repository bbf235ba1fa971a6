package import Verdicts

/// Made-up verdicts as NDJSON: the same settings give the same bytes, on any machine.
///
/// Records come in order of time, a little skewed towards few languages and regions as real traffic is. Every one has the
/// source `synthetic`, so that it can never pass for a real one.
package struct TrafficGenerator {
  package struct Settings: Sendable {
    package var rows: Int
    package var days: Int
    package var seed: UInt64
    package var start: Timestamp

    package static let startDefault = Timestamp(microseconds: 1_767_225_600_000_000)

    package init(rows: Int, days: Int, seed: UInt64, start: Timestamp) {
      self.rows = rows
      self.days = days
      self.seed = seed
      self.start = start
    }
  }

  private let settings: Settings
  private var random: SplitMix64
  private var next = 0
  private let stepMicroseconds: Int64

  package init(_ settings: Settings) {
    self.settings = settings
    random = SplitMix64(seed: settings.seed)
    stepMicroseconds = max(1, Int64(settings.days) * Timestamp.microsecondsPerDay / Int64(max(1, settings.rows)))
  }

  /// Appends the next record and its newline; false once all have been written.
  package mutating func appendRecord(to bytes: inout [UInt8]) -> Bool {
    guard next < settings.rows else { return false }
    let span = Int64(settings.days) * Timestamp.microsecondsPerDay
    // Multiplied out in 128 bits, so that the last record lies in the span however many there are.
    let slot = Int64(Int128(span) * Int128(next) / Int128(settings.rows))
    let time = settings.start.advanced(byMicroseconds: slot + Int64(random.below(UInt64(stepMicroseconds))))
    let language = TrafficVocabulary.languages[skewed(TrafficVocabulary.languages.count)]
    let region = TrafficVocabulary.regions[skewed(TrafficVocabulary.regions.count)]
    let model = TrafficVocabulary.models[skewed(TrafficVocabulary.models.count)]
    let stage = random.below(3) == 0 ? "response" : "prompt"
    let draw = random.below(1_000)
    let verdict: Verdict = draw < 860 ? .safe : draw < 920 ? .controversial : draw < 988 ? .unsafe : .error
    append("{\"id\":\"", to: &bytes)
    append(String(settings.seed, radix: 16), to: &bytes)
    append("-", to: &bytes)
    appendPadded(next, digits: 12, to: &bytes)
    append("\",\"time\":\"", to: &bytes)
    append(time.rfc3339(), to: &bytes)
    append("\",\"verdict\":\"", to: &bytes)
    append(verdict.name, to: &bytes)
    append("\",\"risk_types\":[", to: &bytes)
    if verdict.isFlagged { appendRiskTypes(to: &bytes) }
    append("],\"language\":\"", to: &bytes)
    append(language, to: &bytes)
    append("\",\"region\":\"", to: &bytes)
    append(region, to: &bytes)
    append("\",\"model\":\"", to: &bytes)
    append(model, to: &bytes)
    append("\",\"source\":\"synthetic\",\"stage\":\"", to: &bytes)
    append(stage, to: &bytes)
    append("\",\"method\":\"", to: &bytes)
    append(random.below(10) == 0 ? "rescan" : "judge", to: &bytes)
    append("\"", to: &bytes)
    if verdict == .error {
      append(",\"error_cause\":\"", to: &bytes)
      append(TrafficVocabulary.errorCauses[Int(random.below(UInt64(TrafficVocabulary.errorCauses.count)))], to: &bytes)
      append("\"", to: &bytes)
    }
    append(",\"latency_ms\":", to: &bytes)
    appendLatency(to: &bytes)
    append("}\n", to: &bytes)
    next += 1
    return true
  }

  /// An index below `count`, small ones more often.
  private mutating func skewed(_ count: Int) -> Int {
    let first = random.below(UInt64(count))
    let second = random.below(UInt64(count))
    return Int(min(first, second))
  }

  private mutating func appendRiskTypes(to bytes: inout [UInt8]) {
    let first = Int(random.below(UInt64(RiskType.count)))
    append("\"", to: &bytes)
    append(RiskType.names[first], to: &bytes)
    append("\"", to: &bytes)
    guard random.below(5) == 0 else { return }
    append(",\"", to: &bytes)
    append(RiskType.names[(first + 1 + Int(random.below(16))) % RiskType.count], to: &bytes)
    append("\"", to: &bytes)
  }

  /// Milliseconds with three decimals: most between 20 and 400, some up to a minute.
  private mutating func appendLatency(to bytes: inout [UInt8]) {
    var microseconds = 20_000 + random.below(180_000) + random.below(200_000)
    if random.below(50) == 0 { microseconds *= 1 + random.below(150) }
    append(String(microseconds / 1_000), to: &bytes)
    append(".", to: &bytes)
    appendPadded(Int(microseconds % 1_000), digits: 3, to: &bytes)
  }

  private func append(_ text: String, to bytes: inout [UInt8]) { bytes.append(contentsOf: text.utf8) }

  private func appendPadded(_ number: Int, digits: Int, to bytes: inout [UInt8]) {
    let figures = String(number)
    for _ in figures.utf8.count..<max(digits, figures.utf8.count) { bytes.append(0x30) }
    append(figures, to: &bytes)
  }
}
