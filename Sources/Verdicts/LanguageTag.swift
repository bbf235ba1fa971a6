/// Language tags of BCP 47: well-formedness by the grammar of RFC 5646 section 2.1, case by its section 2.1.1. No alias is
/// replaced and no registry is asked.
package enum LanguageTag {
  /// What a record without a language has, and what an unreadable one becomes.
  package static let undetermined = "und"

  /// The canonical form, or nil where the text is no well-formed tag. `other` is refused although it is well formed: it is
  /// the label under which folded languages are published.
  ///
  /// - Parameter text: a tag in any case, with `-` or `_` between the subtags.
  package static func canonical(_ text: some Collection<UInt8>) -> String? {
    let lower = lowercased(text)
    guard lower != Array("other".utf8) else { return nil }
    let subtags = lower.split(separator: hyphen, omittingEmptySubsequences: false)
    guard subtags.allSatisfy({ (1...8).contains($0.count) && $0.allSatisfy(isAlphanumeric) }) else { return nil }
    guard isWellFormed(subtags) || irregularGrandfathered.contains(String(decoding: lower, as: UTF8.self)) else { return nil }
    return inCanonicalCase(subtags)
  }

  /// ASCII lower case with `_` read as `-`: what two tags that differ in form alone have in common.
  package static func lowercased(_ text: some Collection<UInt8>) -> [UInt8] {
    text.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 == 0x5F ? hyphen : $0 }
  }

  private static let hyphen: UInt8 = 0x2D

  /// All lower case, but for two letters (upper) and four letters (title) that neither begin the tag nor follow a singleton.
  private static func inCanonicalCase(_ subtags: [ArraySlice<UInt8>]) -> String {
    var result: [UInt8] = []
    var afterSingleton = false
    for (index, subtag) in subtags.enumerated() {
      if index > 0 { result.append(hyphen) }
      if index > 0 && !afterSingleton && subtag.count == 2 {
        result += subtag.map(uppercased)
      } else if index > 0 && !afterSingleton && subtag.count == 4 {
        result.append(uppercased(subtag.first!))
        result += subtag.dropFirst()
      } else {
        result += subtag
      }
      if subtag.count == 1 { afterSingleton = true }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `langtag` or `privateuse` of the grammar, over lower-case subtags of 1 to 8 letters and digits.
  private static func isWellFormed(_ subtags: [ArraySlice<UInt8>]) -> Bool {
    var rest = subtags[...]
    if isPrivateUse(rest) { return true }
    guard let language = rest.popFirst(), language.allSatisfy(isLetter), (2...8).contains(language.count) else { return false }
    if language.count <= 3 {
      for _ in 0..<3 {
        guard let next = rest.first, next.count == 3, next.allSatisfy(isLetter) else { break }
        rest.removeFirst()
      }
    }
    if let script = rest.first, script.count == 4, script.allSatisfy(isLetter) { rest.removeFirst() }
    if let region = rest.first, region.count == 2 && region.allSatisfy(isLetter) || region.count == 3 && region.allSatisfy(isDigit) {
      rest.removeFirst()
    }
    while let variant = rest.first, variant.count >= 5 || variant.count == 4 && isDigit(variant.first!) { rest.removeFirst() }
    while let singleton = rest.first, singleton.count == 1, singleton.first != 0x78 {
      rest.removeFirst()
      guard let first = rest.first, first.count >= 2 else { return false }
      while let next = rest.first, next.count >= 2 { rest.removeFirst() }
    }
    return rest.isEmpty || isPrivateUse(rest)
  }

  /// `x` and one or more subtags.
  private static func isPrivateUse(_ subtags: ArraySlice<ArraySlice<UInt8>>) -> Bool {
    subtags.count > 1 && subtags.first!.elementsEqual([0x78])
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }
  private static func uppercased(_ byte: UInt8) -> UInt8 { isLetter(byte) ? byte - 0x20 : byte }

  /// The `irregular` tags of RFC 5646's grammar; the `regular` ones fit `langtag`.
  private static let irregularGrandfathered: Set<String> = [
    "en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux", "i-mingo", "i-navajo", "i-pwn",
    "i-tao", "i-tay", "i-tsu", "sgn-be-fr", "sgn-be-nl", "sgn-ch-de",
  ]
}
