// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Reactor

/// A real nutcracker in front of memcached servers, started for a test and ended with it.
final class Twemproxy: Sendable {
  let address: SocketAddress
  private let process: ChildProcess
  private let folder: URL

  /// Nil when it is not installed, for tests to say so.
  static var program: String? { ChildProcess.program("nutcracker") }

  /// Starts it and waits until it listens.
  /// - Parameter options: lines of its pool's configuration beside `listen` and `servers`.
  init(_ servers: [MemcachedServer], options: [String] = ["distribution: ketama"]) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    address = try MemcachedServer.freeAddress()
    let lines = ["listen: \(address)"] + options + ["servers:"] + servers.map { " - \($0.address):1" }
    let configuration = folder.appendingPathComponent("nutcracker.yml").path
    try "pool:\n\(lines.map { "  \($0)\n" }.joined())".write(
      toFile: configuration, atomically: false, encoding: .utf8)
    // Its statistics want a port of their own and take no 0: any port is free on an address of its own.
    let statistics = "127.\((1...3).map { _ in "\(Int.random(in: 1...254))" }.joined(separator: "."))"
    guard let program = Twemproxy.program else {
      throw GatewayProcess.Failure(description: "nutcracker is not installed")
    }
    process = try ChildProcess(
      program, ["-c", configuration, "-o", folder.appendingPathComponent("log").path, "-a", statistics])
    try waitUntilListening()
  }

  deinit {
    process.end(by: SIGKILL)
    // It is in the directory for temporary files: what cannot be removed now goes with the rest.
    try? FileManager.default.removeItem(at: folder)
  }

  private func waitUntilListening() throws {
    let limit = Instant.current() + .seconds(10)
    while (try? RawConnection(to: address)) == nil {
      guard !process.hasEnded, Instant.current() < limit else {
        throw GatewayProcess.Failure(description: "nutcracker does not listen at \(address)")
      }
      // Nothing tells when another process begins to listen: asking again is all there is.
      usleep(2_000)
    }
  }
}
