import Testing
import Verdicts

@Suite struct LanguageTagTests {
  /// Forms of RFC 5646, mostly of its appendix A and section 2.1.1.
  @Test(arguments: [
    ("de", "de"), ("EN", "en"), ("pt_br", "pt-BR"), ("ZH-hans", "zh-Hans"), ("zh-HANT-hk", "zh-Hant-HK"), ("es-419", "es-419"),
    ("sl-ROZAJ-biske", "sl-rozaj-biske"), ("de-ch-1901", "de-CH-1901"), ("zh-cmn-hans-cn", "zh-cmn-Hans-CN"), ("und", "und"),
    ("en-ca-x-ca", "en-CA-x-ca"), ("az-latn-x-latn", "az-Latn-x-latn"), ("X-whatever", "x-whatever"), ("i-KLINGON", "i-klingon"),
    ("sgn-be-fr", "sgn-BE-FR"), ("en-gb-oed", "en-GB-oed"), ("de-a-value", "de-a-value"), ("en-u-islamcal-US", "en-u-islamcal-us"),
    ("hy-latn-it-arevela", "hy-Latn-IT-arevela"), ("qaa-qaaa-qm-x-southern", "qaa-Qaaa-QM-x-southern"), ("art-lojban", "art-lojban"),
    ("zh-min-nan", "zh-min-nan"), ("abcdefgh", "abcdefgh"),
  ])
  func keepsWhatIsWellFormed(text: String, canonical: String) {
    #expect(LanguageTag.canonical(text.utf8) == canonical)
  }

  @Test(arguments: [
    "", "e", "other", "OTHER", "en-", "-en", "en--us", "a-DE", "de-419-DE", "en-x", "en-a", "en-a-x-b", "english language", "zh/cn", "i-foo",
    "abcdefghi", "12", "en-abcdefghi", "日本語", "en\u{0}",
  ])
  func refusesTheRest(text: String) {
    #expect(LanguageTag.canonical(text.utf8) == nil)
  }
}

@Suite struct RegionCodeTests {
  @Test(arguments: [("CN", "CN"), ("cn", "CN"), ("us-ca", "US-CA"), ("GB-ENG", "GB-ENG"), ("jp-13", "JP-13"), ("fr-a", "FR-A")])
  func keepsOfficialCountriesAndTheirParts(text: String, canonical: String) {
    #expect(RegionCode.canonical(text.utf8) == canonical)
  }

  @Test(arguments: ["", "U", "UK", "ZZ", "XK", "USA", "US-", "US-ABCD", "US_CA", "419", "U1", "us ca", "EU", "ÅL"])
  func refusesTheRest(text: String) {
    #expect(RegionCode.canonical(text.utf8) == nil)
  }

  @Test func listsEveryOfficialCode() {
    #expect(RegionCode.officialAlpha2.count == 249)
    #expect(RegionCode.officialAlpha2.allSatisfy { RegionCode.canonical($0.utf8) == String($0) })
  }
}
