// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Reactor

@testable import Memcached

/// A tier's server as all clients see it: its items, and how it is doing.
final class TroubledServer {
  enum Trouble: CaseIterable {
    case none
    /// Refuses, having done nothing.
    case down
    /// Does what it is told, and the answer is lost.
    case deaf
  }

  let name: String
  let store: MemoryStore
  var trouble = Trouble.none

  init(_ name: String, clock: ManualClock) {
    self.name = name
    store = MemoryStore(capacity: 1 << 20, itemSizeMax: 1 << 16, now: clock.read)
  }

  func perform(_ command: Command) -> Result<Reply, MemcachedError> {
    switch trouble {
    case .none: return store.perform(command)
    case .down: return .failure(MemcachedError(.down, "scripted", node: name))
    case .deaf:
      _ = store.perform(command)
      return .failure(MemcachedError(.timedOut, "scripted", node: name, outcome: .unknown))
    }
  }
}

/// One client's connection to such a server. A command may be on its way there, and its answer on its way
/// back, for as long as the test likes; none overtakes another.
final class SlowNode: Node {
  let server: TroubledServer
  /// Whether the next command takes its time.
  var isSlow: () -> Bool = { false }
  private var going: [(command: Command, completion: Completion)] = []
  private var coming: [() -> Void] = []

  init(_ server: TroubledServer) { self.server = server }

  var name: String { server.name }
  var status: NodeStatus { NodeStatus(state: .up) }
  var isIdle: Bool { going.isEmpty && coming.isEmpty }

  func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    if isIdle, !isSlow() { return completion(server.perform(command)) }
    going.append((command, completion))
  }

  func close() {}

  /// Lets one thing happen: the oldest command arrives, or the oldest answer comes back.
  func advance(answersFirst: Bool) {
    if !coming.isEmpty, answersFirst || going.isEmpty { return coming.removeFirst()() }
    if going.isEmpty { return }
    let (command, completion) = going.removeFirst()
    let result = server.perform(command)
    coming.append { completion(result) }
  }
}
