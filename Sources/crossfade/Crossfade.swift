// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import ArgumentParser
import Gateway
import Glibc

@main
struct Crossfade: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crossfade",
    abstract:
      "An HTTP gateway in front of memcached that reads fall back through, from the new cluster to older ones.",
    version: "crossfade \(Version.current)",
    subcommands: [Serve.self, CheckConfig.self, AskHealth.self, MakeToken.self, DescribeSettings.self])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      leave(error)
    }
  }

  /// What is wrong with how we were called ends with 2, as check-config's findings do, and not with
  /// the 64 of sysexits.h.
  private static func leave(_ error: any Error) -> Never {
    guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
    writeToStandardError(fullMessage(for: error) + "\n")
    Glibc.exit(ExitStatus.misuse)
  }
}

/// What the process ends with beside 0.
enum ExitStatus {
  static let failure: Int32 = 1
  static let misuse: Int32 = 2

  /// Says why on stderr, a line a reason, and gives the error that ends the process.
  static func error(_ status: Int32, _ reasons: [String]) -> ExitCode {
    for reason in reasons { writeToStandardError("crossfade: \(reason)\n") }
    return ExitCode(status)
  }
}
