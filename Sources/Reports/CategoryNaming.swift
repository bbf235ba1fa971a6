package import Guards
import Storage
import Verdicts

/// By which names `categories` tells what was found.
package enum CategoryNaming: Sendable {
  /// The canonical risk types.
  case canonical
  /// The names that the guards gave, with their formats.
  case native
  /// Another vocabulary's.
  case taxonomy(Taxonomy)

  /// What stands for the name where a verdict has none of its guard's: it was sent as a verdict, or its reply named nothing.
  package static let noName = "(none)"

  /// Whether verdicts must be told apart by exactly what they name, which no tally does: a verdict with two types of one category is
  /// one verdict of that category.
  var needsSets: Bool { if case .canonical = self { false } else { true } }

  /// The columns of names.
  var columns: [Column] {
    if case .native = self { return [Column("risk_type", .text), Column("format", .text), Column("native", .text)] }
    return [Column("risk_type", .text)]
  }
}

/// What one group's flagged verdicts name, by names.
struct CategoryCounts {
  private(set) var total = ResultCounts()
  private var flagged: [Names: (controversial: Int64, unsafe: Int64)] = [:]
  private let naming: CategoryNaming
  /// By code.
  private let nativeNames: [UInt32: NativeNameText]

  /// As many texts as the naming has columns, compared bytewise.
  private struct Names: Hashable, Comparable {
    var texts: [ExactText]

    init(_ texts: String...) { self.texts = texts.map { ExactText($0) } }

    static func < (left: Names, right: Names) -> Bool { left.texts.lexicographicallyPrecedes(right.texts) }
  }

  init(_ naming: CategoryNaming, nativeNames: [UInt32: NativeNameText]) {
    self.naming = naming
    self.nativeNames = nativeNames
  }

  /// Adds verdicts that name the same.
  ///
  /// - Throws: ``StoreError`` `damaged` for native names that the store does not list.
  mutating func add(_ counts: ArraySlice<Int64>, riskTypes: RiskTypeSet, nativeNames code: UInt32) throws {
    let result = ResultCounts(counts)
    total.add(result)
    guard result.flagged > 0 else { return }
    for names in try names(riskTypes, code) {
      flagged[names, default: (0, 0)].controversial += result.controversial
      flagged[names, default: (0, 0)].unsafe += result.unsafe
    }
  }

  /// Each set of names with its counts, in bytewise order.
  func forEach(_ body: (_ names: [String], _ controversial: Int64, _ unsafe: Int64) throws -> Void) rethrows {
    for (names, counts) in flagged.sorted(by: { $0.key < $1.key }) { try body(names.texts.map(\.text), counts.controversial, counts.unsafe) }
  }

  private func names(_ riskTypes: RiskTypeSet, _ code: UInt32) throws -> Set<Names> {
    let types = RiskType.allCases.filter { riskTypes.contains($0) }
    switch naming {
    case .canonical: return Set(types.map { Names($0.name) })
    case .taxonomy(let taxonomy): return Set(types.map { Names(taxonomy.category(of: $0)) })
    case .native:
      if code == 0 { return Set(types.map { Names($0.name, "", CategoryNaming.noName) }) }
      guard let said = nativeNames[code] else {
        throw StoreError(.damaged, "a verdict has native names that the store does not list; run guardtally verify")
      }
      return Set(said.names.flatMap { name in name.types.map { Names($0.name, said.format, name.name) } })
    }
  }
}
