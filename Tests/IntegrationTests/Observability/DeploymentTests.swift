// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// What `deploy` has for those who watch: alert rules and a dashboard, of metrics that there are.
  @Suite struct DeploymentTests {
    private struct Dashboard: Decodable {
      struct Panel: Decodable {
        struct Target: Decodable {
          var expr: String
        }
        struct Place: Decodable {
          var x: Int
          var y: Int
          var w: Int
          var h: Int
        }

        var id: Int
        var title: String
        var gridPos: Place
        var targets: [Target]
      }

      var title: String
      var panels: [Panel]
    }

    private static let folder = GatewayProcess.packageRoot + "/deploy"

    private func dashboard() throws -> Dashboard {
      let text = try CommandOutput.document("deploy/grafana/crossfade.json")
      return try JSONDecoder().decode(Dashboard.self, from: Data(text.utf8))
    }

    @Test(
      "promtool accepts the configuration and the rules, and they fire when they should",
      arguments: [
        "check config deploy/prometheus/prometheus.yaml", "check rules deploy/prometheus/alerts.yaml",
        "test rules Tests/IntegrationTests/Observability/alerts_test.yaml",
      ])
    func promtool(_ arguments: String) throws {
      let output = try CommandOutput(shell: "cd \(GatewayProcess.packageRoot) && promtool \(arguments) 2>&1")
      #expect(output.status == 0, "\(output.lines.joined(separator: "\n"))")
    }

    @Test("each expression of the dashboard is one of PromQL, and its panels do not overlap")
    func expressions() throws {
      let panels = try dashboard().panels
      #expect(panels.count > 10 && Set(panels.map(\.id)).count == panels.count)
      let cells = panels.flatMap { panel in
        let place = panel.gridPos
        return (place.x..<place.x + place.w).flatMap { x in
          (place.y..<place.y + place.h).map { y in [x, y] }
        }
      }
      #expect(Set(cells).count == cells.count && cells.allSatisfy { $0[0] < 24 })
      var rules = "groups:\n- name: dashboard\n  rules:\n"
      for (index, target) in panels.flatMap(\.targets).enumerated() {
        let expression = target.expr.replacing("$__rate_interval", with: "5m")
        rules += "  - record: panel_\(index)\n    expr: '\(expression)'\n"
      }
      let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yaml")
      try rules.write(to: file, atomically: false, encoding: .utf8)
      defer { try? FileManager.default.removeItem(at: file) }
      let output = try CommandOutput(shell: "promtool check rules \(file.path) 2>&1")
      #expect(output.status == 0, "\(output.lines.joined(separator: "\n"))")
    }

    @Test("every metric that an alert or a panel names is there")
    func names() throws {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let gateway = try MetricsTests.gateway(new, old)
      #expect(try http(gateway.address, "GET", "/keys/k").status == 404)
      let scrape = try Scrape(gateway)
      let there = scrape.metrics.union(scrape.samples.map(\.name))
      let alerts = try CommandOutput.document("deploy/prometheus/alerts.yaml")
      let texts = [alerts] + (try dashboard().panels.flatMap(\.targets).map(\.expr))
      let named = texts.flatMap { text in
        text.matches(of: /\b(?:crossfade|process)_[a-z_]+/).map { String($0.output) }
      }
      #expect(named.count > 30)
      #expect(Set(named).subtracting(there) == [])
    }
  }
}
