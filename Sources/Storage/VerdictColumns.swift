import ByteCoding
package import Verdicts

/// The columns of a block of verdicts (``VerdictBlockEncoder``), read where they lie, in ascending order of time. The bytes are borrowed.
package struct VerdictColumns {
  package let count: Int
  package let times: PackedColumn
  private let sources, languages, regions, models, methods: PackedColumn
  /// ``VerdictAttributes``.
  package let attributes: PackedColumn
  package let riskTypes: PackedColumn
  package let nativeNames: PackedColumn
  /// Microseconds and 1 more; 0 for a verdict without.
  package let latencies: PackedColumn
  let idLengths: PackedColumn
  /// What follows the columns.
  let ids: UnsafeRawBufferPointer

  package var rows: Range<Int> { 0..<count }

  /// Nil for bytes that no encoder wrote.
  package init?(_ payload: UnsafeRawBufferPointer) {
    guard let body = ByteReader.checked(payload) else { return nil }
    var reader = ByteReader(body)
    let version = reader.byte()
    let count = reader.varint()
    guard (1...VerdictBlockEncoder.version).contains(version), (1...UInt64(VerdictBlockEncoder.rowsMax)).contains(count) else { return nil }
    self.count = Int(count)
    times = Self.column(of: Int(count), body, &reader)
    sources = Self.column(of: Int(count), body, &reader)
    languages = Self.column(of: Int(count), body, &reader)
    regions = Self.column(of: Int(count), body, &reader)
    models = Self.column(of: Int(count), body, &reader)
    methods = Self.column(of: Int(count), body, &reader)
    attributes = Self.column(of: Int(count), body, &reader)
    riskTypes = Self.column(of: Int(count), body, &reader)
    nativeNames = version > 1 ? Self.column(of: Int(count), body, &reader) : PackedColumn(low: 0, width: 0, steps: body.baseAddress!)
    latencies = Self.column(of: Int(count), body, &reader)
    idLengths = Self.column(of: Int(count), body, &reader)
    guard !reader.isDamaged else { return nil }
    ids = UnsafeRawBufferPointer(rebasing: body[reader.position...])
  }

  private static func column(of count: Int, _ body: UnsafeRawBufferPointer, _ reader: inout ByteReader) -> PackedColumn {
    let low = reader.varint()
    let width = Int(reader.byte())
    guard width <= 8, count * width <= reader.remaining, !reader.isDamaged else {
      reader.isDamaged = true
      return PackedColumn(low: 0, width: 0, steps: body.baseAddress!)
    }
    defer { reader.position += count * width }
    return PackedColumn(low: low, width: width, steps: body.baseAddress! + reader.position)
  }

  /// The codes of a field that is not the stage, which ``attributes`` have.
  package func codes(of field: CodedField) -> PackedColumn {
    switch field {
    case .source: sources
    case .model: models
    case .method: methods
    case .language: languages
    case .region: regions
    case .nativeNames: nativeNames
    case .stage: preconditionFailure("stages are attributes")
    }
  }

  /// Whether everything that is asked for has a value that a verdict can have.
  package func arePossible(_ fields: VerdictFields) -> Bool {
    if fields.contains(.codes) {
      for column in [sources, languages, regions, models, methods, nativeNames] where !column.isAtMost(UInt64(UInt32.max), in: rows) { return false }
    }
    if fields.contains(.codes) || fields.contains(.verdict), !VerdictAttributes.arePossible(attributes, in: rows) { return false }
    if fields.contains(.riskTypes) {
      var bits: UInt64 = 0
      riskTypes.forEach(in: rows) { bits |= $1 }
      if bits & ~UInt64(RiskTypeSet.all.bits) != 0 { return false }
    }
    return !fields.contains(.latency) || latencies.isAtMost(UInt64(LatencyScale.microsecondsMax) + 1, in: rows)
  }

  /// Whether times ascend, as ``firstRow(notBefore:)`` needs.
  var areInOrder: Bool {
    var previous = Int64.min
    var areInOrder = true
    times.forEach(in: rows) {
      let time = Int64(bitPattern: $1)
      areInOrder = previous <= time && areInOrder
      previous = time
    }
    return areInOrder
  }

  /// The first row at or after a time.
  package func firstRow(notBefore time: Int64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if Int64(bitPattern: times[middle]) < time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
