// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

/// The program between two servers, which live as long as this.
final class Move {
  let new: MemcachedServer
  let old: MemcachedServer
  let gateway: GatewayProcess

  init(_ arguments: [String] = []) throws {
    (new, old) = (try MemcachedServer(), try MemcachedServer())
    let tiers = ["--tier", "new=\(new.address)", "--tier", "old=\(old.address)"]
    gateway = try GatewayProcess(tiers + ["--workers", "2"] + arguments)
    try gateway.waitUntilReady()
    // Both workers have found the older tier, too: else they would ask a server that is not there yet.
    _ = try waits { try statistic("old", "state", node: old.address.description) == "up" }
  }

  /// What an application once put into the old server.
  func put(_ key: String, _ value: String, ttl: Int = 0) throws {
    let connection = try RawConnection(to: old.address)
    try connection.send("set \(key) 7 \(ttl) \(value.utf8.count)\r\n\(value)\r\n")
    #expect(try connection.readLine() == "STORED")
  }

  /// A line of `/stats`.
  func statistic(_ tier: String, _ name: String, node: String = "-") throws -> String? {
    let text = try http(gateway.adminAddress, "GET", "/stats", headers: ["Accept: text/plain"]).text
    let rows = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    return rows.first { $0.count == 4 && $0[0] == tier && $0[1] == node && $0[2] == name }?[3]
  }

  /// Asks until it is so: what comes after an answer has no event outside the program.
  func waits(_ isSo: () throws -> Bool) throws -> Bool {
    let limit = Date().addingTimeInterval(20)
    while try !isSo() {
      guard Date() < limit else { return false }
      usleep(10_000)
    }
    return true
  }
}
