// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// A label of a sample; what its value may be is up to who gave the name to a tier or a node.
struct MetricLabel: Hashable, Sendable {
  let name: String
  let value: String

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// Writes metrics in Prometheus' text format 0.0.4. Samples of one name must follow one another.
struct MetricsText {
  enum Kind: String {
    case counter, gauge, histogram
  }

  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""
  private var family = ""

  /// - Parameter suffix: behind the name, for the parts of a histogram.
  mutating func sample(
    _ name: String, _ kind: Kind, _ help: String, suffix: String = "", _ labels: [MetricLabel],
    _ value: some MetricValue
  ) {
    if family != name {
      family = name
      text += "# HELP \(name) \(MetricsText.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }
    text += name + suffix
    if !labels.isEmpty {
      let pairs = labels.map { "\($0.name)=\"\(MetricsText.escaped($0.value, quotes: true))\"" }
      text += "{" + pairs.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  mutating func counter(
    _ name: String, _ help: String, _ labels: [MetricLabel], _ value: some MetricValue
  ) { sample(name, .counter, help, labels, value) }

  mutating func counter(_ name: String, _ help: String, _ value: some MetricValue) {
    sample(name, .counter, help, [], value)
  }

  mutating func gauge(
    _ name: String, _ help: String, _ labels: [MetricLabel], _ value: some MetricValue
  ) { sample(name, .gauge, help, labels, value) }

  mutating func gauge(_ name: String, _ help: String, _ value: some MetricValue) {
    sample(name, .gauge, help, [], value)
  }

  /// In seconds, each bucket with all that are below it.
  mutating func histogram(
    _ name: String, _ help: String, _ labels: [MetricLabel], _ histogram: LatencyHistogram
  ) {
    var sum: UInt64 = 0
    for (index, count) in histogram.counts.enumerated() {
      sum += count
      let bounds = LatencyHistogram.bounds
      let bound = index < bounds.count ? "\(Double(bounds[index]) / 1e6)" : "+Inf"
      sample(name, .histogram, help, suffix: "_bucket", labels + [MetricLabel("le", bound)], sum)
    }
    let seconds = Double(histogram.sumMicroseconds) / 1e6
    sample(name, .histogram, help, suffix: "_sum", labels, seconds)
    sample(name, .histogram, help, suffix: "_count", labels, sum)
  }

  /// Of a label's value, `\`, `"` and the line's end are written as escapes; of a help text, no quotes.
  static func escaped(_ value: String, quotes: Bool) -> String {
    if !value.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) { return value }
    var text = ""
    for character in value.unicodeScalars {
      switch character {
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\"" where quotes: text += "\\\""
      default: text.unicodeScalars.append(character)
      }
    }
    return text
  }
}

/// Numbers that a sample can have.
protocol MetricValue {}
extension UInt64: MetricValue {}
extension Int: MetricValue {}
extension Double: MetricValue {}
