package import JSONReading
package import Verdicts

/// Another vocabulary of risks, and which of its categories each canonical type is.
package struct Taxonomy: Sendable {
  package let name: String
  package let source: String
  /// By ``RiskType``'s raw value. Several where the taxonomy divides the type further, and nobody can tell which it was.
  private let categories: [[String]]

  /// What stands for the category of a type that has none in the taxonomy.
  package static let none = "(none)"

  package init(name: String, _ value: JSONValue) throws {
    self.name = name
    source = value["source"]?.string ?? ""
    categories = try RiskType.allCases.map { type in
      guard let names = value["categories"]?[name: type.name] else { throw GuardCatalog.Fault(description: "taxonomy \(name) lacks \(type.name)") }
      return GuardCatalog.strings(names)
    }
  }

  /// The category of a type; several are joined by `|`.
  package func category(of type: RiskType) -> String {
    let names = categories[Int(type.rawValue)]
    return names.isEmpty ? Self.none : names.joined(separator: "|")
  }
}
