// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import GnuTLS

/// Times and limits of a node, and how it is spoken to.
public struct NodeSettings: Hashable, Sendable {
  public var wireProtocol: ProtocolChoice = .auto
  /// TLS, verified for the host of the node's address; nil = none. Not for Unix sockets, which have no name.
  public var tls: TLSContext?
  /// Sent to a server that asks for them, and to no other. Not for proxies.
  public var credentials: Credentials?
  /// To connect and to learn what the server is.
  public var connectTimeout: Duration = .milliseconds(500)
  /// For one command; the request's own deadline counts when it is earlier.
  public var operationTimeout: Duration = .milliseconds(250)
  /// After so many requests in a row that had no answer within `operationTimeout` nothing is sent to the
  /// node until it has answered a probe; at least 1.
  public var ejectAfter = 3
  /// The first and the longest wait between attempts to connect; doubled each time, with jitter.
  public var shortestBackOff: Duration = .milliseconds(50)
  public var longestBackOff: Duration = .seconds(5)
  /// Requests that may wait for one node; one more fails with `.overloaded`.
  public var maximumInFlight = 16_384
  /// Bytes that may wait to be written to one node; beyond it requests fail with `.overloaded`.
  public var maximumUnwritten = 64 << 20

  public init() {}

  /// How much longer than its timeout a server may be silent before its connection is replaced, which shows
  /// whether it still shakes hands. Long enough for requests that come one after the other to be counted.
  var patience: Duration { operationTimeout * min(ejectAfter, 3) }
}
