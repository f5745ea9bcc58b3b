// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Every way in which a tier can fail to answer, once. A miss is none of them.
public struct MemcachedError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    // The network's or the server's fault; another tier may answer.
    /// No connection, and the next attempt is not due: fails at once.
    case down
    case connectFailed
    case connectTimedOut
    /// The host's name could not be resolved.
    case unresolved
    /// TLS: the server's certificate is not good for this node. Nothing was sent to it.
    case untrusted
    /// The server wants a user and a password, or refuses those that it got.
    case unauthenticated
    /// The connection ended while the request was on it.
    case connectionLost
    /// The deadline passed.
    case timedOut
    /// The server said something that the protocol does not allow here. The connection is closed.
    case protocolViolation
    /// `SERVER_ERROR` (protocol.txt, "Error strings"). The connection survives.
    case serverError
    /// The server is out of memory for this item (`SERVER_ERROR out of memory storing object`).
    case outOfMemory

    // The request's fault; asking again or elsewhere does not help.
    /// Larger than the server takes; refused before a byte was sent.
    case tooLarge(limit: Int)
    /// One of many values that are more together than their caller takes. Alone it may be had.
    case answerTooLarge(limit: Int)
    /// This server's protocol cannot do it.
    case unsupported
    /// `CLIENT_ERROR` or `ERROR` to a command of ours. The connection is closed.
    case rejected

    // Ours.
    /// Too many requests are waiting for this node.
    case overloaded
    /// The client was closed.
    case closed
  }

  /// What became of a write.
  public enum WriteOutcome: String, Hashable, Sendable {
    case applied
    case notApplied = "not-applied"
    /// Bytes may have left, and no answer came: it may have been done or not, or may yet be.
    case unknown
  }

  public var kind: Kind
  /// For people: what happened, with addresses and times.
  public var detail: String
  /// The server's own line, where there was one.
  public var serverLine: String?
  /// The node's name, filled in by the node.
  public var node: String?
  public var outcome: WriteOutcome

  public init(
    _ kind: Kind, _ detail: String, serverLine: String? = nil, node: String? = nil,
    outcome: WriteOutcome = .notApplied
  ) {
    self.kind = kind
    self.detail = detail
    self.serverLine = serverLine
    self.node = node
    self.outcome = outcome
  }

  public var description: String {
    (node.map { "\($0): " } ?? "") + detail + (serverLine.map { " (\($0))" } ?? "")
  }

  /// The operator's word for it, the same in logs, metrics and headers.
  public var word: String {
    switch kind {
    case .down: "down"
    case .connectFailed: "connect-failed"
    case .connectTimedOut: "connect-timeout"
    case .unresolved: "unresolved"
    case .untrusted: "untrusted"
    case .unauthenticated: "unauthenticated"
    case .connectionLost: "connection-lost"
    case .timedOut: "timeout"
    case .protocolViolation: "protocol-violation"
    case .serverError: "server-error"
    case .outOfMemory: "out-of-memory"
    case .tooLarge: "too-large"
    case .answerTooLarge: "answer-too-large"
    case .unsupported: "unsupported"
    case .rejected: "rejected"
    case .overloaded: "overloaded"
    case .closed: "closed"
    }
  }
}
