// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

extension Daemon {
  /// What clients may ask of a daemon. A time of zero is no limit.
  public struct Limits: Sendable, Hashable {
    /// Bytes of a request body.
    public var body = 8 << 20
    /// Bytes of all bodies that are held together. One body alone is always taken.
    public var bodyMemory = Int.max
    /// Connections at one time; more wait in the backlog.
    public var connections = 10_000
    /// Exchanges that wait for an answer at one time; more are refused.
    public var inFlight = Int.max
    /// Bytes of a connection's pool: bounds the request line and headers (414, 431). It also holds a record
    /// of some 60 bytes for each header and the head of the answer, so a request may take about half of it.
    public var connectionMemory = 8 << 10
    /// From a request's end to the next one's first line.
    public var idleTime = Duration.seconds(75)
    /// From a new connection to the end of its first request's head, TLS's handshake included; for later
    /// requests, from the end of the first line. Each byte does not begin it anew.
    public var headTime = Duration.zero
    /// From a request's head to the end of its body, and a second more for each `slowestBytesPerSecond`.
    public var bodyTime = Duration.zero
    /// From an answer to its last byte being with the kernel, and a second more for each
    /// `slowestBytesPerSecond`.
    public var writeTime = Duration.zero
    /// How slow a client may be that moves much.
    public static let slowestBytesPerSecond = 16 << 10
    public init() {}
  }

  /// How often each limit has refused or ended something since the daemon started.
  public struct Counters: Sendable, Hashable {
    /// Connections that were accepted.
    public var connections = 0
    /// Times that accepting ceased as there were as many connections as may be.
    public var connectionPauses = 0
    /// Connections refused as their address has too many.
    public var addressRefusals = 0
    /// Requests refused as too many were in flight.
    public var inFlightRefusals = 0
    /// Requests refused as the bodies together would have been too long.
    public var bodyMemoryRefusals = 0
    /// Bodies that were longer than one may be.
    public var bodyRefusals = 0
    /// Heads that the library refused itself: longer than a connection's memory holds, or unreadable.
    public var headRefusals = 0
    /// Connections ended as the head, the body, or the reading of the answer took too long; and those that
    /// were idle but for bytes that made no request.
    public var headTimeouts = 0
    public var bodyTimeouts = 0
    public var writeTimeouts = 0
    public var idleTimeouts = 0
    public init() {}

    /// Of several daemons.
    public static func + (left: Counters, right: Counters) -> Counters {
      var sum = left
      for path in refusals.map(\.path) + [\.connections] { sum[keyPath: path] += right[keyPath: path] }
      return sum
    }

    /// All but the connections accepted, each with the word of documents and metrics for its limit.
    public static var refusals: [(limit: String, path: WritableKeyPath<Counters, Int>)] {
      [
        ("connections", \.connectionPauses),
        ("connections-per-address", \.addressRefusals), ("in-flight", \.inFlightRefusals),
        ("body-memory", \.bodyMemoryRefusals), ("body-size", \.bodyRefusals), ("head-size", \.headRefusals),
        ("head-timeout", \.headTimeouts), ("body-timeout", \.bodyTimeouts),
        ("write-timeout", \.writeTimeouts), ("idle-timeout", \.idleTimeouts),
      ]
    }
  }
}
