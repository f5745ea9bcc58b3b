// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting

/// What a command printed on stdout, and how it ended.
struct CommandOutput {
  let lines: [String]
  let status: Int32

  /// Runs a program to its end with `PATH` alone in its environment: neither proxies nor start-up files nor
  /// CROSSFADE_ variables of the one who tests change what it does.
  init(_ program: String, _ arguments: [String]) throws {
    let output = try LinePipe()
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let process = try ChildProcess(
      program, arguments, environment: ["PATH": path], streams: .init(output: output.writeEnd))
    output.closeWriting()
    lines = output.readToEnd().map { $0.hasSuffix("\r") ? String($0.dropLast()) : $0 }
    // One that should have ended by itself and goes on.
    if !output.hasEnded { process.end(by: SIGKILL) }
    status = process.wait()
  }

  /// Runs a line as it would be typed.
  init(shell line: String) throws { try self.init("/bin/bash", ["-c", line]) }

  /// A file of this package, as text.
  static func document(_ path: String) throws -> String {
    try String(contentsOfFile: GatewayProcess.packageRoot + "/" + path, encoding: .utf8)
  }
}
