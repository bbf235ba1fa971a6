import Records
import Testing
import Verdicts

@Suite struct RecordTimeTests {
  private func parse(_ text: String) throws(RejectionCode) -> String {
    let bytes = Array(text.utf8)
    let parsed = Result { try bytes.withUnsafeBufferPointer { try RecordTime.parse($0) } }
    switch parsed {
    case .success(let time): return time.rfc3339()
    case .failure(let error): throw error as? RejectionCode ?? .badJSON
    }
  }

  @Test(arguments: [
    ("2026-01-10T12:00:00Z", "2026-01-10T12:00:00Z"), ("2026-01-10t12:00:00z", "2026-01-10T12:00:00Z"),
    ("2026-01-10 12:00:00+00:00", "2026-01-10T12:00:00Z"), ("2026-01-10T12:00:00-00:00", "2026-01-10T12:00:00Z"),
    ("2026-01-01T00:00:00+23:59", "2025-12-31T00:01:00Z"), ("2025-12-31T23:30:00-00:45", "2026-01-01T00:15:00Z"),
    ("2026-01-10T12:00:00.1Z", "2026-01-10T12:00:00.1Z"), ("2026-01-10T12:00:00.1234569Z", "2026-01-10T12:00:00.123456Z"),
    ("2026-01-10T12:00:00.999999999999Z", "2026-01-10T12:00:00.999999Z"), ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
  ])
  func readsRFC3339(text: String, utc: String) throws {
    #expect(try parse(text) == utc)
  }

  @Test(arguments: [
    "2026-01-10T12:00:60Z", "2026-01-10T24:00:00Z", "2026-13-10T12:00:00Z", "2026-02-29T12:00:00Z", "2026-01-10T12:00Z",
    "2026-01-10T12:00:00", "2026-01-10T12:00:00.Z", "2026-01-10T12:00:00+24:00", "2026-01-10T12:00:00+05", "2026-01-10T12:00:00+0530",
    "2026-01-10X12:00:00Z", "2026-1-10T12:00:00Z", "20260110T120000Z", "2026-01-10T12:00:00ZZ", "2026-01-10T12:00:00+05:60", "yesterday",
    " 2026-01-10T12:00:00Z", "2026-01-10T12:00:00 Z",
  ])
  func refusesTheRest(text: String) {
    #expect(throws: RejectionCode.badTime) { try parse(text) }
  }

  /// The unit is told by the size, each boundary exactly.
  @Test(arguments: [
    ("1767225600", "2026-01-01T00:00:00Z"), ("1767225600.123456789", "2026-01-01T00:00:00.123456Z"),
    ("1767225600.0000009999999999999999999", "2026-01-01T00:00:00Z"), ("1767225600123", "2026-01-01T00:00:00.123Z"),
    ("1767225600123.4567", "2026-01-01T00:00:00.123456Z"), ("1767225600123456", "2026-01-01T00:00:00.123456Z"),
    ("1767225600123456.9", "2026-01-01T00:00:00.123456Z"), ("1767225600123456789", "2026-01-01T00:00:00.123456Z"),
    ("1.7672256e9", "2026-01-01T00:00:00Z"), ("17672256000e-1", "2026-01-01T00:00:00Z"), ("99999999999", "5138-11-16T09:46:39Z"),
    ("100000000000", "1973-03-03T09:46:40Z"), ("99999999999999", "5138-11-16T09:46:39.999Z"), ("100000000000000", "1973-03-03T09:46:40Z"),
    ("99999999999999999", "5138-11-16T09:46:39.999999Z"), ("100000000000000000", "1973-03-03T09:46:40Z"),
  ])
  func readsUnixTimes(text: String, utc: String) throws {
    var settings = RecordSettings()
    settings.timeAheadMax = 200_000_000_000 * 1_000_000
    // Times before 2000 are read and then refused: the unit shows in the reason all the same.
    let batch = read(["{\"id\":\"a\",\"time\":\(text),\"verdict\":\"safe\"}"], settings: settings)
    if utc < "2000" {
      #expect(batch.codes == [.timeOutOfRange])
    } else {
      #expect(batch.rows.first.map { Timestamp(microseconds: $0.time).rfc3339() } == utc)
    }
  }
}
