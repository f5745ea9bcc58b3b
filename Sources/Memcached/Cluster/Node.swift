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

  /// Does `command`, or fails when `deadline` passes; later if it `mustSettle`. `completion` is called
  /// exactly once, and may be called before `submit` returns.
  ///
  /// Commands of one caller to one key are done in the order in which they were submitted.
  func submit(_ command: Command, deadline: Instant, completion: @escaping Completion)

  /// Has `tell` called whenever `status.state` has changed, on the loop's thread; in the place of whoever
  /// was told before.
  func whenStateChanges(_ tell: @escaping (NodeStatus) -> Void)

  /// Fails what is in flight with `.closed`, politely ends connections (`quit`), and refuses what comes after.
  func close()
}

extension Node {
  /// For nodes that are what they are until they are closed.
  public func whenStateChanges(_ tell: @escaping (NodeStatus) -> Void) {}
}

/// What a node looks like from one worker.
public struct NodeStatus: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// A connection is being made, the first or after a loss. Requests wait for it within their deadlines.
    case connecting
    case up
    /// The last requests were not answered in time, too few to eject it; it is asked until one is.
    case suspect
    /// No connection, or too many timeouts in a row. Requests fail at once until a probe succeeds.
    case ejected
    /// As ejected, while it is being tried.
    case probing
    case closed

    /// Whether requests reach the server.
    public var isReachable: Bool { self == .up || self == .suspect }
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
  /// Why the node is not up; nil while it is, and while it is first connected to.
  public var lastError: MemcachedError?
  /// Requests that wait for this node's answer.
  public var inFlight: Int
  /// Those of them that wait for a connection.
  public var waiting: Int
  /// The largest item the node takes (`item_size_max`), in bytes; nil until learnt.
  public var itemSizeMax: Int?

  public init(
    state: State, wireProtocol: WireProtocol? = nil, version: String? = nil, lastError: MemcachedError? = nil,
    inFlight: Int = 0, waiting: Int = 0, itemSizeMax: Int? = nil
  ) {
    self.state = state
    self.wireProtocol = wireProtocol
    self.version = version
    self.lastError = lastError
    self.inFlight = inFlight
    self.waiting = waiting
    self.itemSizeMax = itemSizeMax
  }
}
