// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// One memcached server as one worker sees it: a socket to a real one, or a memory tier.
///
/// A node belongs to a loop; all calls and completions are on its thread.
public protocol Node: AnyObject {
  /// As configured: `10.0.0.7:11211`, `unix:/run/m.sock`, `memory:64MiB`.
  var name: String { get }
  var status: NodeStatus { get }

  /// Does `command`, or fails when `deadline` passes. `completion` is called exactly once, and may be
  /// called before `submit` returns.
  ///
  /// Commands of one caller to one key are done in the order in which they were submitted.
  func submit(_ command: Command, deadline: Instant, completion: @escaping Completion)

  /// Fails what is in flight with `.closed`, politely ends connections (`quit`), and refuses what comes after.
  func close()
}

/// What a node looks like from one worker.
public struct NodeStatus: Hashable, Sendable {
  public enum State: String, Hashable, Sendable {
    /// A first connection is being made.
    case connecting
    case up
    /// The last attempt to connect failed; the next one waits.
    case down
    case closed
  }

  public enum WireProtocol: String, Hashable, Sendable {
    case classic, meta
    /// In process, no wire.
    case memory
  }

  public var state: State
  /// Nil until it has been found.
  public var wireProtocol: WireProtocol?
  public var version: String?
  /// Why the node is down.
  public var lastError: MemcachedError?
  /// Requests that wait for this node's answer.
  public var inFlight: Int
  /// The largest item the node takes (`item_size_max`), in bytes; nil until learnt.
  public var itemSizeMax: Int?

  public init(
    state: State, wireProtocol: WireProtocol? = nil, version: String? = nil, lastError: MemcachedError? = nil,
    inFlight: Int = 0, itemSizeMax: Int? = nil
  ) {
    self.state = state
    self.wireProtocol = wireProtocol
    self.version = version
    self.lastError = lastError
    self.inFlight = inFlight
    self.itemSizeMax = itemSizeMax
  }
}
