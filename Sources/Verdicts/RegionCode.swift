/// Regions: ISO 3166-1 alpha-2 codes that are officially assigned, or ISO 3166-2 codes of such a country.
package enum RegionCode {
  /// What a record without a region has, and what an unreadable one becomes.
  package static let unknown = "ZZ"

  /// The canonical form (upper case), or nil where the text is no region: an unassigned country, a malformed subdivision.
  ///
  /// The subdivision is checked by syntax alone (one to three letters or digits, ISO 3166-2), for its lists change monthly.
  package static func canonical(_ text: some Collection<UInt8>) -> String? {
    guard (2...6).contains(text.count), text.count != 3 else { return nil }
    let upper = text.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
    guard isAssigned(upper[0], upper[1]) else { return nil }
    if upper.count > 2 {
      guard upper[2] == 0x2D, upper[3...].allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }) else {
        return nil
      }
    }
    return String(decoding: upper, as: UTF8.self)
  }

  private static func isAssigned(_ first: UInt8, _ second: UInt8) -> Bool {
    guard (0x41...0x5A).contains(first), (0x41...0x5A).contains(second) else { return false }
    return assignedSeconds[Int(first - 0x41)] & (1 << UInt32(second - 0x41)) != 0
  }

  /// For each first letter the set of second letters, as bits from A.
  private static let assignedSeconds: [UInt32] = {
    var table = [UInt32](repeating: 0, count: 26)
    for code in officialAlpha2 {
      let letters = Array(code.utf8)
      table[Int(letters[0] - 0x41)] |= 1 << UInt32(letters[1] - 0x41)
    }
    return table
  }()

  /// The 249 officially assigned codes of ISO 3166-1, as published with iso-codes 4.15.
  package static let officialAlpha2: [Substring] = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD \
    CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF \
    GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS YE YT ZA ZM ZW
    """.split(separator: " ")
}
