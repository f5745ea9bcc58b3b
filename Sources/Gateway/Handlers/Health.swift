// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// `GET /livez`, `GET /readyz`, on both listeners.
enum Health {
  /// That a turn of the loop came this far is the proof.
  static func live(_ call: Call) throws(Problem) { respond(call, "live") }

  /// Ready: not draining, and every worker has a node of the primary that it reaches; which worker a request
  /// comes to is the kernel's choice. One node of many that is down does not make the gateway useless, and
  /// would take every gateway out of a load balancer at once.
  static func ready(_ call: Call) throws(Problem) {
    if call.context.isDraining() { throw Problem(.notReady, "the gateway is draining") }
    call.context.collectNodeStatuses { workers in
      let primaries = workers.compactMap(\.first)
      guard let waiting = primaries.first(where: { !$0.contains(where: \.isReachable) }) else {
        return respond(call, "ready")
      }
      let primary = call.context.client.tiers[0]
      let nodes = zip(primary.cluster.nodes, waiting).map { describe($0.name, $1) }
      var problem = Problem(.notReady, nodes.joined(separator: "; "))
      problem.tier = primary.name
      call.fail(problem)
    }
  }

  private static func respond(_ call: Call, _ word: String) {
    let form = Representation.negotiate(call.request, offers: [.json, .text])
    // A probe reads the status: it is never told 406.
    if form == .text { return call.respond(.of(.text, Array("\(word)\n".utf8))) }
    call.respond(json: HealthBody(status: word))
  }

  private static func describe(_ name: String, _ status: NodeStatus) -> String {
    "\(name) is \(status.state.rawValue)" + (status.lastError.map { " (\($0.detail))" } ?? "")
  }
}

extension NodeStatus {
  /// What runs in this process is reachable while this process is.
  fileprivate var isReachable: Bool { state.isReachable || wireProtocol == .memory }
}
