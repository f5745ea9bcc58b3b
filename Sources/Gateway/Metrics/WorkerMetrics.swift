// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// What one worker counts: plain numbers that its thread alone adds to, at places that were reserved when it
/// started. A scrape gets a copy of them by mail, so that a request pays for additions and for nothing else.
final class WorkerMetrics {
  private(set) var counts = RequestCounts()
  /// By `CountedEvent.rawValue`.
  private(set) var events = [UInt64](repeating: 0, count: CountedEvent.allCases.count)
  private let slots = RequestCounts.slots

  /// - Parameter route: `Route.number`.
  func noteAnswer(
    route: Int, status: Int, microseconds: UInt32, requestBytes: Int, responseBytes: Int
  ) {
    let slot = status < slots.count ? Int(slots[status]) : 0
    counts.answers[route &* RequestCounts.statuses.count &+ slot] &+= 1
    counts.latencies[route].note(microseconds: microseconds)
    counts.requestBytes &+= UInt64(truncatingIfNeeded: requestBytes)
    counts.responseBytes &+= UInt64(truncatingIfNeeded: responseBytes)
  }

  func count(_ event: CountedEvent) { events[event.rawValue] &+= 1 }
}

/// What became of the requests of one worker, or of all.
struct RequestCounts: Sendable {
  /// Those that are told apart; 0 stands for all others.
  static let statuses = [
    0, 200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 415, 417, 422, 429,
    431, 500, 501, 502, 503, 504, 505, 507,
  ]
  /// By status: its place in `statuses`.
  static let slots: [UInt8] = statuses.enumerated().reduce(into: Array(repeating: 0, count: 600)) {
    $0[$1.element] = UInt8($1.offset)
  }

  /// By route, then by place in `statuses`.
  var answers = [UInt64](repeating: 0, count: Routes.operations.count * statuses.count)
  /// By route.
  var latencies = [LatencyHistogram](repeating: LatencyHistogram(), count: Routes.operations.count)
  var requestBytes: UInt64 = 0
  var responseBytes: UInt64 = 0

  static func += (left: inout RequestCounts, right: RequestCounts) {
    for index in left.answers.indices { left.answers[index] += right.answers[index] }
    for index in left.latencies.indices { left.latencies[index] += right.latencies[index] }
    left.requestBytes += right.requestBytes
    left.responseBytes += right.responseBytes
  }
}
