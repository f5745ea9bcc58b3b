// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Hop 4 of a request: what is measured.

import Memcached
import Microhttpd
import Reactor

/// `GET /metrics`. Each worker is asked by mail for a copy of its numbers, and goes on; they are added up and
/// written here.
enum MetricsPage {
  static func get(_ call: Call) throws(Problem) {
    let context = call.context
    context.collectMeasurements { parts in
      let owed = context.tierNames.enumerated().dropFirst().map { index, name in
        (tier: name, context.client.owed(tier: index))
      }
      // What the system does not tell is left out; the rest is no worse for it.
      let process = try? ProcessFacts.current()
      let total = TotalMeasurements(parts)
      // One worker has the admin listeners.
      let most = context.settings.maximumConnections
      let (data, admin) = (context.settings.listen, context.settings.admin)
      let limits: [(ListenerRole, Int)] = [
        (.data, most * total.workers * Settings.daemonCount(data)),
        (.admin, most * Settings.daemonCount(admin)),
      ]
      let report = MetricsReport(
        total, version: context.version, limits: limits, owed: owed, process: process)
      call.respond(
        Response(
          status: 200,
          headers: [
            ("Content-Type", MetricsText.contentType), ("Cache-Control", "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
          ], body: Array(report.text.utf8)))
    }
  }
}
