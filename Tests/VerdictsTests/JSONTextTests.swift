import Testing
import Verdicts

@Suite struct JSONTextTests {
  @Test(arguments: [
    ("", "\"\""), ("plain", "\"plain\""), ("say \"hi\"", "\"say \\\"hi\\\"\""), ("back\\slash/", "\"back\\\\slash/\""), ("a\nb\rc\td", "\"a\\nb\\rc\\td\""),
    ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""), ("守卫 حارس 🛡️ \u{2028}", "\"守卫 حارس 🛡️ \u{2028}\""), ("é\"e\u{301}", "\"é\\\"e\u{301}\""),
  ])
  func escapes(text: String, json: String) {
    #expect(Array(JSONText.string(text).utf8) == Array(json.utf8))
  }
}
