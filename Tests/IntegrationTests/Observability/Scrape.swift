// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

/// What `/metrics` answers, as the parser of Prometheus' Python client reads it.
struct Scrape {
  struct Sample: Decodable {
    var family: String
    var type: String
    var name: String
    var labels: [String: String]
    var value: Double
  }

  let text: String
  let samples: [Sample]

  init(_ gateway: GatewayProcess) throws {
    let response = try http(gateway.adminAddress, "GET", "/metrics")
    #expect(response.status == 200)
    #expect(response.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
    text = response.text
    let script = GatewayProcess.packageRoot + "/Tests/IntegrationTests/Observability/metrics_reader.py"
    let output = try Scrape.withFile(text) { try CommandOutput(Scrape.python, [script, $0]) }
    let line = try #require(output.lines.first, "the metrics could not be parsed")
    samples = try JSONDecoder().decode([Sample].self, from: Data(line.utf8))
  }

  /// The names as Prometheus stores them, those of a histogram's parts not among them.
  var metrics: Set<String> { Set(samples.map { $0.type == "histogram" ? $0.family : $0.name }) }

  /// The sum of a metric's samples that have these labels.
  func sum(_ name: String, _ labels: [String: String] = [:]) -> Double {
    samples.filter { sample in
      sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
    }.map(\.value).reduce(0, +)
  }

  /// What `promtool check metrics` has to say: nothing, where all is well.
  func complaints() throws -> [String] {
    try Scrape.withFile(text) { path in
      try CommandOutput(shell: "promtool check metrics < \(path) 2>&1 || echo failed").lines
    }
  }

  static var python: String {
    ProcessInfo.processInfo.environment["CROSSFADE_PYTHON"]
      ?? GatewayProcess.packageRoot + "/.venv/bin/python"
  }

  private static func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try text.write(to: file, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body(file.path)
  }
}
