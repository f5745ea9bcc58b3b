// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// A memory tier's only node: hands commands to a store that all workers share.
public final class MemoryNode: Node {
  public let name: String
  private let store: MemoryStore
  private var isClosed = false

  /// - Parameter name: as configured, `memory:64MiB`.
  public init(store: MemoryStore, name: String) {
    self.store = store
    self.name = name
  }

  public var status: NodeStatus {
    NodeStatus(
      state: isClosed ? .closed : .up, wireProtocol: .memory, version: MemoryStore.version,
      itemSizeMax: store.itemSizeMax)
  }

  /// Completes before it returns, and so never too late for a deadline.
  public func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    guard !isClosed else {
      completion(.failure(MemcachedError(.closed, "the node was closed", node: name)))
      return
    }
    completion(result(of: command))
  }

  private func result(of command: Command) -> Result<Reply, MemcachedError> {
    switch store.perform(command) {
    // A noreply caller learns that the command was taken, as from a server, and no more.
    case .success(let reply): return .success(command.noreply ? .accepted : reply)
    case .failure(var error):
      error.node = name
      return .failure(error)
    }
  }

  /// Refuses what comes after. The store and its items stay, for the other workers and the next node.
  public func close() { isClosed = true }
}
