/// Names as guards list them in text.
enum NameTexts {
  /// Adds the names of a list: joined by commas, perhaps in brackets, each perhaps in quotes or behind a code ("S1: Violence").
  ///
  /// - Parameter isCut: whether the text ends where a token limit cut it.
  @inline(__always)
  static func mention(_ list: Bytes, of format: GuardFormat, isCut: Bool = false, in names: inout NativeNames) {
    var rest = list.trimmed
    if rest.count >= 1, rest[0] == 0x5B {
      rest = rest.part(1..<(rest.count > 1 && rest[rest.count - 1] == 0x5D ? rest.count - 1 : rest.count)).trimmed
    }
    var start = 0
    var index = 0
    while index < rest.count {
      let comma = rest.commaLength(at: index)
      if comma == 0 {
        index += 1
        continue
      }
      mentionOne(rest.part(start..<index), of: format, isCut: false, in: &names)
      index += comma
      start = index
    }
    mentionOne(rest.part(start..<rest.count), of: format, isCut: isCut, in: &names)
  }

  @inline(__always)
  private static func mentionOne(_ text: Bytes, of format: GuardFormat, isCut: Bool, in names: inout NativeNames) {
    let name = text.trimmed
    if name.isEmpty { return }
    if let category = format.category(of: name) {
      if isCut, format.isBeginning(name) { return names.mentionUnlisted(of: format) }
      return names.mention(category, of: format)
    }
    if let category = categoryInside(name, of: format) { return names.mention(category, of: format) }
    names.mentionUnlisted(of: format)
  }

  /// The category of a name in quotes, or behind a code and a colon.
  private static func categoryInside(_ name: Bytes, of format: GuardFormat) -> Int? {
    if name.count >= 2, name[0] == 0x22 || name[0] == 0x27, name[name.count - 1] == name[0] {
      return format.category(of: name.part(1..<name.count - 1).trimmed)
    }
    guard let colon = name.firstColon else { return nil }
    return format.category(of: name.part(from: colon.index + colon.length).trimmed)
  }
}
