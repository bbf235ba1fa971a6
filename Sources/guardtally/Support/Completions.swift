import ArgumentParser
import Guards
import Reports

/// What a shell offers for values that are one of many.
extension CompletionKind {
  /// Asked for when they are needed: they are too many for a script.
  static var zones: CompletionKind { .custom { _, _, _ in Zone.allNames } }

  static var guardFormats: CompletionKind { .list(GuardCatalog.standard.formats.map(\.name)) }

  /// The columns of all reports.
  static func columns(_ isOffered: (Column) -> Bool = { _ in true }) -> CompletionKind {
    var names: [String] = []
    for column in ReportName.allCases.flatMap({ $0.columns(.canonical) }).filter(isOffered) where !names.contains(column.name) { names.append(column.name) }
    return .list(names)
  }
}
