// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Where a node is, as configured: `host:port`, `unix:PATH` or `memory:SIZE`.
public enum NodeAddress: Hashable, Sendable, CustomStringConvertible {
  /// A name or a numeric IPv4 or IPv6 address (without brackets).
  case tcp(host: String, port: UInt16)
  case unix(path: String)
  /// An in-process cache of that many bytes.
  case memory(bytes: Int)

  public static let defaultPort: UInt16 = 11211

  /// The node's name in logs, metrics and answers.
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    case .memory(let bytes):
      bytes % (1 << 20) == 0 ? "memory:\(bytes >> 20)MiB" : "memory:\(bytes)"
    }
  }
}

/// How a connection speaks to its server.
public enum ProtocolChoice: String, Hashable, Sendable, CaseIterable {
  /// Found out on each connection: `mn` answered with `MN` by a release ≥ 1.6.10 means meta.
  case auto
  case classic, meta
  /// Classic, to a proxy before several servers (twemproxy), which answers commands on keys and ends the
  /// connection on most others. Nothing is asked of it, and there is no compare-and-swap.
  case proxy
}
