import Verdicts

/// The values of one coded field by the store's codes.
package struct CodedValues: Sendable {
  private var names: [String?]

  /// - Parameter values: pairs of code and value.
  package init(_ values: some Sequence<(UInt32, String)>) {
    names = []
    for (code, value) in values {
      if Int(code) >= names.count { names.append(contentsOf: repeatElement(nil, count: Int(code) + 1 - names.count)) }
      names[Int(code)] = value
    }
  }

  /// The stages, which are the same everywhere.
  package static let stages = CodedValues(Stage.allCases.map { (UInt32($0.rawValue), $0.name) })

  /// The value of a code, or nil for a code that the store never gave out (a sign of damage).
  package subscript(code: UInt32) -> String? {
    Int(code) < names.count ? names[Int(code)] : nil
  }

  /// The codes from the first to the last that was given out.
  package var codes: Range<Int> { (names.firstIndex { $0 != nil } ?? names.count)..<names.count }

  /// All codes and values, in order of arrival.
  package var all: [(code: UInt32, value: String)] {
    names.enumerated().compactMap { index, name in name.map { (UInt32(index), $0) } }
  }
}
