// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

/// The tests that drive the real program. One after the other: the machine that runs them may have two
/// cores, and what a test sees in time should not depend on how many others run beside it.
@Suite(.serialized) enum Program {}

/// The real program, started on free ports, stopped by its process id.
final class GatewayProcess: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let process: ChildProcess
  private let log: LinePipe
  /// Where the data and admin listeners are, `host:port`; `adminAddress` is empty when it is off.
  let address: String
  let adminAddress: String

  /// The binary under test: `CROSSFADE_BINARY`, or the debug build of this package.
  static var binary: String {
    ProcessInfo.processInfo.environment["CROSSFADE_BINARY"] ?? packageRoot + "/.build/debug/crossfade"
  }

  static var packageRoot: String {
    var url = URL(fileURLWithPath: #filePath)
    while !FileManager.default.fileExists(atPath: url.appendingPathComponent("Package.swift").path) {
      url.deleteLastPathComponent()
    }
    return url.path
  }

  /// Starts `crossfade serve` on free ports and returns once it listens. Its environment is `environment`
  /// and nothing else: a stray CROSSFADE_ variable of the one who tests would be a setting.
  init(_ arguments: [String] = [], environment: [String: String] = [:], admin: Bool = true) throws {
    log = try LinePipe()
    let listeners = [
      "serve", "--listen", "127.0.0.1:0", "--admin", admin ? "127.0.0.1:0" : "off", "--log-format", "text",
    ]
    process = try ChildProcess(
      GatewayProcess.binary, listeners + arguments, environment: environment,
      streams: .init(errors: log.writeEnd))
    log.closeWriting()
    address = try GatewayProcess.boundAddress(log, listener: "data")
    adminAddress = admin ? try GatewayProcess.boundAddress(log, listener: "admin") : ""
  }

  deinit { process.end(by: SIGKILL) }

  private static func boundAddress(_ log: LinePipe, listener: String) throws -> String {
    let line = log.line(within: 20) { $0.contains(" listening ") && $0.contains("listener=\(listener)") }
    guard let line, let start = line.range(of: "address=") else {
      throw Failure(description: "the gateway does not listen: \(log.lines.joined(separator: "\n"))")
    }
    return String(line[start.upperBound...].prefix { $0 != " " })
  }

  /// Its log so far.
  var lines: [String] { log.lines }

  /// The first line of its log, at or after `start`, that fits; nil after `seconds`.
  func line(from start: Int = 0, within seconds: Double = 10, _ fits: (String) -> Bool) -> String? {
    log.line(from: start, within: seconds, where: fits)
  }

  /// All lines of its log, once it has ended.
  func logToEnd() -> [String] { log.readToEnd() }

  func signal(_ number: Int32) { process.signal(number) }

  /// Waits for the end: the exit status, or minus the signal that ended it.
  func waitForExit() -> Int32 { process.wait() }

  /// Asks `/readyz` until it says 200: a state that the program has no event for.
  func waitUntilReady(seconds: Double = 10) throws {
    let limit = Date().addingTimeInterval(seconds)
    while try http(address, "GET", "/readyz").status != 200 {
      guard Date() < limit else { throw Failure(description: "not ready") }
      usleep(10_000)
    }
  }
}
