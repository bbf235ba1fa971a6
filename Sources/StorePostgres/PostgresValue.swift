/// A parameter of a query, in Postgres' binary format.
enum PostgresValue {
  case integer(Int64)
  case text(String)
  case bytes([UInt8])
  /// Nil is NULL.
  case integers([Int64?])
  /// Of four bytes each.
  case shortIntegers([Int32?])
  case texts([String])
  case blobs([[UInt8]])
  /// Texts that stand end to end.
  case slices([UInt8], [Range<Int>])

  /// Object identifiers of Postgres' built-in types (pg_type.dat).
  private enum TypeID {
    static let bytea: UInt32 = 17
    static let bigint: UInt32 = 20
    static let text: UInt32 = 25
    static let integer: UInt32 = 23
    static let byteaArray: UInt32 = 1_001
    static let integerArray: UInt32 = 1_007
    static let textArray: UInt32 = 1_009
    static let bigintArray: UInt32 = 1_016
  }

  var typeID: UInt32 {
    switch self {
    case .integer: TypeID.bigint
    case .text: TypeID.text
    case .bytes: TypeID.bytea
    case .integers: TypeID.bigintArray
    case .shortIntegers: TypeID.integerArray
    case .texts, .slices: TypeID.textArray
    case .blobs: TypeID.byteaArray
    }
  }

  func append(to bytes: inout [UInt8]) {
    switch self {
    case .integer(let value): bytes.append(bigEndian: value)
    case .text(let value): bytes.append(contentsOf: value.utf8)
    case .bytes(let value): bytes.append(contentsOf: value)
    case .integers(let values): Self.append(values, of: TypeID.bigint, to: &bytes)
    case .shortIntegers(let values): Self.append(values, of: TypeID.integer, to: &bytes)
    case .texts(let values):
      Self.beginArray(of: TypeID.text, count: values.count, hasNull: false, &bytes)
      for value in values {
        bytes.append(bigEndian: Int32(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
      }
    case .blobs(let values):
      Self.beginArray(of: TypeID.bytea, count: values.count, hasNull: false, &bytes)
      for value in values {
        bytes.append(bigEndian: Int32(value.count))
        bytes.append(contentsOf: value)
      }
    case .slices(let text, let ranges):
      Self.beginArray(of: TypeID.text, count: ranges.count, hasNull: false, &bytes)
      for range in ranges {
        bytes.append(bigEndian: Int32(range.count))
        bytes.append(contentsOf: text[range])
      }
    }
  }

  private static func append<Value: FixedWidthInteger>(_ values: [Value?], of type: UInt32, to bytes: inout [UInt8]) {
    beginArray(of: type, count: values.count, hasNull: values.contains { $0 == nil }, &bytes)
    let size = MemoryLayout<Value>.size
    for value in values {
      guard let value else {
        bytes.append(bigEndian: Int32(-1))
        continue
      }
      bytes.append(bigEndian: Int32(size))
      bytes.append(bigEndian: value)
    }
  }

  /// The head of a one-dimensional array (array_recv in Postgres' arrayfuncs.c): dimensions, whether there is a NULL, the type of
  /// the elements, their number, and the number of the first.
  private static func beginArray(of elements: UInt32, count: Int, hasNull: Bool, _ bytes: inout [UInt8]) {
    bytes.append(bigEndian: Int32(count == 0 ? 0 : 1))
    bytes.append(bigEndian: Int32(hasNull ? 1 : 0))
    bytes.append(bigEndian: elements)
    guard count > 0 else { return }
    bytes.append(bigEndian: Int32(count))
    bytes.append(bigEndian: Int32(1))
  }
}

extension [UInt8] {
  mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}
