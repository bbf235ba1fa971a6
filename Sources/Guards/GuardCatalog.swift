import JSONReading
import Verdicts

/// The formats and taxonomies of `guards.json`, which the build puts into the program.
package struct GuardCatalog: Sendable {
  package let formats: [GuardFormat]
  package let taxonomies: [Taxonomy]
  let closingTokens: [[UInt8]]
  let refusalOpenings: [[UInt8]]

  package static let standard: GuardCatalog = {
    do {
      return try GuardCatalog(json: Array(EmbeddedFiles.texts["guards.json", default: ""].utf8))
    } catch {
      preconditionFailure("guards.json: \(error)")
    }
  }()

  /// What is wrong with the file, for those who change it.
  struct Fault: Error, CustomStringConvertible {
    var description: String
  }

  package func format(named name: some Sequence<UInt8>) -> GuardFormat? {
    formats.first { $0.name.utf8.elementsEqual(name) }
  }

  package func format(named name: String) -> GuardFormat? { format(named: name.utf8) }

  package func taxonomy(named name: String) -> Taxonomy? { taxonomies.first { $0.name == name } }

  /// The names most like one that is no format, for a message; at most three.
  package func nearestNames(to name: some Sequence<UInt8>) -> [String] {
    NearestNames.of(String(decoding: Array(name.prefix(64)), as: UTF8.self), among: formats.map(\.name))
  }

  // MARK: - Reading the file

  init(json: [UInt8]) throws {
    let document = JSONDocument(nestingMax: 16)
    let root = try json.withUnsafeBufferPointer { try document.read($0) }
    guard !document.repeatsName else { throw Fault(description: "an object has a member twice") }
    closingTokens = Self.strings(root["closing_tokens"]).map { Array($0.utf8) }
    refusalOpenings = Self.strings(root["refusal_openings"]).map(\.lowercaseBytes)
    taxonomies = try root["taxonomies"].map { try $0.members.map { try Taxonomy(name: String(decoding: $0.name, as: UTF8.self), $0.value) } } ?? []
    var formats: [GuardFormat] = []
    for value in root["formats"].elements {
      formats.append(try GuardFormat(value, index: formats.count, before: formats))
    }
    self.formats = formats
  }

  static func strings(_ value: JSONValue?) -> [String] { value.map { $0.elements.compactMap(\.string) } ?? [] }
}
