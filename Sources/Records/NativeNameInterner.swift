#if canImport(Glibc)
import Glibc
#endif
import Guards
import Verdicts

/// Numbers the sets of native names of one batch from 1.
struct NativeNameInterner {
  private struct Key: Hashable {
    var format: Int
    var bits: UInt64
    var unlistedTypes: UInt64
  }

  private(set) var values: [String] = []
  private var codes: [Key: UInt32] = [:]
  /// Neighbours mostly say the same.
  private var last: (key: Key, code: UInt32)?

  mutating func removeAll() {
    values = []
    codes.removeAll(keepingCapacity: true)
    last = nil
  }

  mutating func code(of names: NativeNames) -> UInt32 {
    let key = Key(format: names.format, bits: names.bits, unlistedTypes: names.unlistedTypesKey)
    if let last, last.key == key { return last.code }
    let code = codes[key] ?? add(names, key: key)
    last = (key, code)
    return code
  }

  private mutating func add(_ names: NativeNames, key: Key) -> UInt32 {
    let format = GuardCatalog.standard.formats[names.format]
    values.append(
      NativeNameText(format: format.name, names: names.sorted(in: format).map { NativeNameText.Name($0.name, types: $0.types) }).text)
    let code = UInt32(values.count)
    codes[key] = code
    return code
  }
}

/// Finds formats by name; records mostly name the one before.
struct FormatLookup {
  private var last: (name: [UInt8], index: Int)?

  mutating func index(of name: UnsafeBufferPointer<UInt8>) -> Int? {
    if let last, last.name.count == name.count, last.name.withUnsafeBytes({ memcmp($0.baseAddress!, name.baseAddress!, name.count) == 0 }) { return last.index }
    guard let format = GuardCatalog.standard.format(named: name) else { return nil }
    last = (Array(name), format.index)
    return format.index
  }
}
