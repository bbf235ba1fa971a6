/// One metric with its samples, as Prometheus knows it.
package struct MetricFamily: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  /// Without the `_total` of a counter, which the formats place differently.
  package var name: String
  package var kind: Kind
  package var help: String
  package var samples: [Sample] = []

  package struct Sample: Sendable, Equatable {
    /// `_total`, `_bucket`, `_sum`, `_count` or nothing.
    package var suffix: String
    package var labels: [Label]
    /// A number as text: whole numbers whole, so that no count passes through binary floating point.
    package var value: String
  }

  package struct Label: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    self.kind = kind
    self.help = help
  }

  package mutating func add(_ value: String, suffix: String = "", _ labels: [Label] = []) {
    samples.append(Sample(suffix: suffix, labels: labels, value: value))
  }

  package mutating func add(_ value: Int64, suffix: String = "", _ labels: [Label] = []) {
    add(String(value), suffix: suffix, labels)
  }
}
