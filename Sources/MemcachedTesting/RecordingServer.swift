// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Synchronization

/// A server that keeps nothing, takes every command for a success, and remembers each of them.
///
/// What is read under a key is the key itself between angle brackets, so that an answer tells whose it is:
/// `<k>` under `k`. Every counter is 1, every cas token 1, nothing expires.
public final class RecordingServer: Sendable {
  private let server: ScriptedServer
  private let record: Shared

  // `Mutex` cannot be captured before `self` is complete.
  private final class Shared: Sendable { let record = Mutex(Record()) }

  /// - Parameter knowsMeta: whether it speaks the meta protocol, as 1.6.18 does, or the classic one alone.
  public init(knowsMeta: Bool = true) throws(SystemError) {
    let shared = Shared()
    record = shared
    server = try ScriptedServer { received in
      shared.record.withLock { $0.steps(received, knowsMeta: knowsMeta) }
    }
  }

  public var address: SocketAddress { server.address }

  /// All that came so far, without the questions that open a connection.
  public var commands: [WireCommand] { record.record.withLock { $0.commands } }

  /// What came that was no command, one sentence for each connection on which that was so.
  public var violations: [String] { record.record.withLock { $0.violations } }
}

private struct Record {
  var commands: [WireCommand] = []
  var violations: [String] = []
  /// What of a connection's bytes is not yet a whole command.
  var partial: [Int: ArraySlice<UInt8>] = [:]

  mutating func steps(_ received: ScriptedServer.Received, knowsMeta: Bool) -> [ScriptedServer.Step] {
    var bytes = (partial[received.connection] ?? []) + received.new
    var steps: [ScriptedServer.Step] = []
    do {
      while let command = try WireCommand.take(from: &bytes) {
        if command.verb == "quit" { return steps + [.close] }
        if let answer = opening(command, knowsMeta) {
          steps.append(.send(answer))
        } else {
          commands.append(command)
          steps.append(.send(command.successfulReply))
        }
      }
    } catch {
      violations.append("connection \(received.connection): \(error)")
      return steps + [.close]
    }
    partial[received.connection] = bytes
    return steps
  }

  private func opening(_ command: WireCommand, _ knowsMeta: Bool) -> String? {
    switch command.verb {
    case "mn": knowsMeta ? "MN\r\n" : "ERROR\r\n"
    case "version": "VERSION \(knowsMeta ? "1.6.18" : "1.4.25")\r\n"
    case "stats":
      command.arguments.isEmpty
        ? "STAT pid 7\r\nSTAT uptime 5\r\nSTAT time 1700000000\r\nEND\r\n"
        : "STAT item_size_max 1048576\r\nEND\r\n"
    default: nil
    }
  }
}

extension WireCommand {
  /// What is read under its key.
  private var found: [UInt8] { Array("<".utf8) + key + Array(">".utf8) }

  /// The reply of a server that did what it was told (protocol.txt).
  fileprivate var successfulReply: [UInt8] {
    let opaque = argument("O").map { " " + $0 } ?? ""
    switch verb {
    case "mg" where arguments.contains("v"):
      return Array("VA \(found.count) f0 c1 t-1\(opaque)\r\n".utf8) + found + Array("\r\n".utf8)
    case "ma": return Array("VA 1 c1\(opaque)\r\n1\r\n".utf8)
    case "ms": return Array("HD c1\(opaque)\r\n".utf8)
    case "mg", "md": return Array("HD\(opaque)\r\n".utf8)
    case "get", "gets":
      return Array("VALUE ".utf8) + key + Array(" 0 \(found.count) 1\r\n".utf8) + found
        + Array("\r\nEND\r\n".utf8)
    case "delete": return Array("DELETED\r\n".utf8)
    case "incr", "decr": return Array("1\r\n".utf8)
    case "touch": return Array("TOUCHED\r\n".utf8)
    case "flush_all": return Array("OK\r\n".utf8)
    default: return Array("STORED\r\n".utf8)
    }
  }
}
