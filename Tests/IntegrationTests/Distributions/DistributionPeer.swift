// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Glibc
import Memcached
import MemcachedTesting
import Reactor

/// A real client that writes keys to nodes which remember who got which, or to real servers and reads them
/// from there: `distribution_peer.py`, run with the Python of `CROSSFADE_PYTHON` or of `.venv` in the
/// package.
enum DistributionPeer {
  /// What the client did.
  struct Placement {
    var nodes: [RingNode]
    /// For each key the index of the node that it was written to.
    var indices: [Int]
  }

  private enum Task: String, Encodable {
    case place, write, read
  }

  private struct Request: Encodable {
    var client: String
    var task: Task
    var addresses: [Address]
    var weights: [Int]
    /// Of all nodes or of none.
    var names: [String]
    var keys: [String]
  }

  private struct Answer: Decodable {
    var addresses: [Address]
    var nodes: [Int]
  }

  /// `[host, port]` or the path of a Unix socket.
  private enum Address: Codable {
    case tcp(String, UInt16)
    case unix(String)

    init(_ address: NodeAddress) {
      switch address {
      case .tcp(let host, let port): self = .tcp(host, port)
      case .unix(let path): self = .unix(path)
      case .memory: preconditionFailure("a memory tier has no address")
      }
    }

    var nodeAddress: NodeAddress {
      switch self {
      case .tcp(let host, let port): .tcp(host: host, port: port)
      case .unix(let path): .unix(path: path)
      }
    }

    init(from decoder: any Decoder) throws {
      if let path = try? decoder.singleValueContainer().decode(String.self) {
        self = .unix(path)
      } else {
        var list = try decoder.unkeyedContainer()
        self = .tcp(try list.decode(String.self), try list.decode(UInt16.self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .unix(let path):
        var container = encoder.singleValueContainer()
        try container.encode(path)
      case .tcp(let host, let port):
        var list = encoder.unkeyedContainer()
        try list.encode(host)
        try list.encode(port)
      }
    }
  }

  private struct Values: Decodable {
    var values: [String?]
  }

  /// Lets `client` write `keys` to nodes at the addresses of `nodes`, where port 0 stands for any.
  static func place(_ keys: [Key], on nodes: [RingNode], by client: String) throws -> Placement {
    let answer = try JSONDecoder().decode(Answer.self, from: run(.place, keys, nodes, client))
    let placed = zip(nodes, answer.addresses).map { node, address in
      RingNode(address.nodeAddress, weight: node.weight, label: node.label)
    }
    return Placement(nodes: placed, indices: answer.nodes)
  }

  /// Lets `client` write a text under each key, `of <key>` for 600 seconds with flags 16.
  static func write(_ keys: [Key], to servers: [MemcachedServer], by client: String) throws {
    _ = try run(.write, keys, servers.map { RingNode($0.nodeAddress) }, client)
  }

  /// The texts that `client` finds; nil for a key that it does not find, or that is no text to it.
  static func read(_ keys: [Key], from servers: [MemcachedServer], by client: String) throws -> [String?] {
    let answer = try run(.read, keys, servers.map { RingNode($0.nodeAddress) }, client)
    return try JSONDecoder().decode(Values.self, from: answer).values
  }

  private static func run(_ task: Task, _ keys: [Key], _ nodes: [RingNode], _ client: String) throws -> Data {
    try run(
      JSONEncoder().encode(
        Request(
          client: client, task: task, addresses: nodes.map { Address($0.address) },
          weights: nodes.map(\.weight), names: nodes.compactMap(\.label),
          keys: keys.map { hexadecimal($0.bytes) })))
  }

  private static func run(_ request: Data) throws -> Data {
    let root = GatewayProcess.packageRoot
    let python = ProcessInfo.processInfo.environment["CROSSFADE_PYTHON"] ?? root + "/.venv/bin/python"
    let script = root + "/Tests/IntegrationTests/Distributions/distribution_peer.py"
    let input = try openPipe()
    let output = try LinePipe()
    let process = try ChildProcess(
      python, [script],
      streams: .init(input: input.readEnd, output: output.writeEnd, errors: STDERR_FILENO))
    close(input.readEnd)
    output.closeWriting()
    let writer = FileHandle(fileDescriptor: input.writeEnd, closeOnDealloc: true)
    try writer.write(contentsOf: request)
    try writer.close()
    let status = process.wait()
    guard status == 0, let line = output.line(from: 0) else {
      throw GatewayProcess.Failure(description: "the peer ended with \(status)")
    }
    return Data(line.utf8)
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
