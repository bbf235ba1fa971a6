#if canImport(Glibc)
import Glibc
#endif

/// One value of a ``JSONDocument``; of no use once the document has read another text.
package struct JSONValue {
  package let document: JSONDocument
  let index: Int

  private var node: JSONDocument.Node { document.nodes[index] }

  package var kind: JSONDocument.Kind { node.kind }
  package var isNull: Bool { node.kind == .null }

  /// A string's bytes.
  package var text: UnsafeBufferPointer<UInt8>? { node.kind == .string ? document.text(of: node) : nil }

  package var string: String? { text.map { String(decoding: $0, as: UTF8.self) } }

  package var bool: Bool? { node.kind == .bool ? node.isTrue : nil }

  package var number: DecimalNumber? {
    guard node.kind == .number else { return nil }
    return DecimalNumber(json: document.text(of: node))
  }

  /// What a string, number or word is written as.
  package var written: UnsafeBufferPointer<UInt8>? {
    node.kind == .string || node.kind == .number ? document.text(of: node) : nil
  }

  /// How many members or elements there are.
  package var count: Int { node.kind == .object || node.kind == .array ? node.count : 0 }

  /// The elements of an array, in order; none of anything else.
  package var elements: [JSONValue] {
    guard node.kind == .array else { return [] }
    var elements: [JSONValue] = []
    elements.reserveCapacity(node.count)
    var next = index + 1
    while next < node.next {
      elements.append(JSONValue(document: document, index: next))
      next = document.nodes[next].next
    }
    return elements
  }

  /// The members of an object, in order; none of anything else.
  package var members: [JSONMember] {
    guard node.kind == .object else { return [] }
    var members: [JSONMember] = []
    members.reserveCapacity(node.count)
    var next = index + 1
    while next < node.next {
      members.append((name: document.text(of: document.nodes[next]), value: JSONValue(document: document, index: next + 1)))
      next = document.nodes[next + 1].next
    }
    return members
  }

  /// The member of an object with one of these names, or nil.
  package subscript(_ names: StaticString...) -> JSONValue? { self[names] }

  /// Whether an object has members of more than one of these names, which are spellings of one.
  package func hasSeveral(of names: StaticString...) -> Bool { names.filter { self[[$0]] != nil }.count > 1 }

  package subscript(name name: String) -> JSONValue? { member { $0.elementsEqual(name.utf8) } }

  private subscript(_ names: [StaticString]) -> JSONValue? {
    member { name in
      names.contains { wanted in wanted.utf8CodeUnitCount == name.count && (name.isEmpty || memcmp(wanted.utf8Start, name.baseAddress!, name.count) == 0) }
    }
  }

  private func member(where isWanted: (UnsafeBufferPointer<UInt8>) -> Bool) -> JSONValue? {
    guard node.kind == .object else { return nil }
    var next = index + 1
    while next < node.next {
      if isWanted(document.text(of: document.nodes[next])) { return JSONValue(document: document, index: next + 1) }
      next = document.nodes[next + 1].next
    }
    return nil
  }
}

/// A member of an object.
package typealias JSONMember = (name: UnsafeBufferPointer<UInt8>, value: JSONValue)

extension JSONValue? {
  /// The elements of an array that may not be there.
  package var elements: [JSONValue] { self?.elements ?? [] }
  /// The members of an object that may not be there.
  package var members: [JSONMember] { self?.members ?? [] }
}
