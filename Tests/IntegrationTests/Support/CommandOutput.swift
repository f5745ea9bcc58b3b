// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting

/// What a command printed, and how it ended.
struct CommandOutput {
  let lines: [String]
  let status: Int32

  /// Runs a program to its end; the lines are those of stdout.
  init(_ program: String, _ arguments: [String]) throws {
    self = try RunningCommand(program, arguments).output()
  }

  /// Runs a line as it would be typed.
  init(shell line: String) throws { try self.init("/bin/bash", ["-c", line]) }

  fileprivate init(lines: [String], status: Int32) {
    self.lines = lines
    self.status = status
  }

  /// A file of this package, as text.
  static func document(_ path: String) throws -> String {
    try String(contentsOfFile: GatewayProcess.packageRoot + "/" + path, encoding: .utf8)
  }
}

/// A program on its way to its end, beside others perhaps.
///
/// Its environment has `PATH` and nothing that was not asked for: neither proxies nor start-up files nor
/// CROSSFADE_ variables of the one who tests change what it does.
struct RunningCommand {
  private let process: ChildProcess
  private let text: LinePipe

  /// - Parameter withErrors: also take what it prints on stderr.
  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], withErrors: Bool = false
  ) throws {
    text = try LinePipe()
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    process = try ChildProcess(
      program, arguments, environment: environment.merging(["PATH": path]) { own, _ in own },
      streams: .init(output: text.writeEnd, errors: withErrors ? text.writeEnd : nil))
    text.closeWriting()
  }

  /// Waits for its end.
  func output(within seconds: Double = 30) -> CommandOutput {
    let lines = text.readToEnd(within: seconds).map { $0.hasSuffix("\r") ? String($0.dropLast()) : $0 }
    // One that should have ended by itself and goes on.
    if !text.hasEnded { process.end(by: SIGKILL) }
    return CommandOutput(lines: lines, status: process.wait())
  }
}
