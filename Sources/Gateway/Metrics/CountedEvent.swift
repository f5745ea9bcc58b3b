// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Synchronization

/// What is counted and nothing else: how often a limit bit, a caller was refused, something was lost.
///
/// To count one more: add a case, give it its row in `metric`, and where it happens call
///
///     context.metrics.count(.requestAbandoned)       on a worker's loop
///     ProcessCounters.shared.count(.logLineDropped)  on any other thread, seldom
///
/// It is then in `/metrics` from the start, as 0; the tests ask for its line in docs/operations.md. Events
/// that differ by one word only share a metric's name and help, and have different labels.
enum CountedEvent: Int, CaseIterable {
  case requestAbandoned
  case logLineDropped
  case reloadDone, reloadFailed

  struct Metric {
    let name: String
    var labels: [MetricLabel] = []
    let help: String
  }

  var metric: Metric {
    switch self {
    case .requestAbandoned:
      Metric(
        name: "crossfade_requests_abandoned_total", help: "Requests whose client left before the answer.")
    case .reloadDone: CountedEvent.reloads("done")
    case .reloadFailed: CountedEvent.reloads("failed")
    case .logLineDropped:
      Metric(name: "crossfade_log_lines_dropped_total", help: "Log lines that standard error did not take.")
    }
  }
}

extension CountedEvent {
  fileprivate static func reloads(_ result: String) -> Metric {
    Metric(
      name: "crossfade_reloads_total", labels: [MetricLabel("result", result)],
      help: "Reloads of the configuration, by SIGHUP.")
  }
}

/// Counts of events that happen on no worker's loop: on the main thread, or wherever a line is logged.
///
/// One for the process and behind a lock, so nothing for what every request does: that has `WorkerMetrics`.
final class ProcessCounters: Sendable {
  static let shared = ProcessCounters()

  private let counts = Mutex([UInt64](repeating: 0, count: CountedEvent.allCases.count))

  func count(_ event: CountedEvent) { counts.withLock { $0[event.rawValue] += 1 } }

  /// By `CountedEvent.rawValue`.
  var all: [UInt64] { counts.withLock { $0 } }
}
