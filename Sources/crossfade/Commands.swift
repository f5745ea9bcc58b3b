// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import ArgumentParser
import FoundationEssentials
import Gateway
import Logging

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the gateway until SIGTERM or SIGINT; a second one ends it at once.")

  @OptionGroup var options: SettingsOptions

  func run() async throws {
    let (settings, sources) = try options.resolve()
    AllocatorTuning.apply()
    let log = settings.logFormat.makeLogger(level: settings.logLevel)
    do { try await Gateway.run(settings, from: sources, log: log) } catch {
      throw ExitStatus.error(ExitStatus.failure, ["\(error)"])
    }
  }
}

struct CheckConfig: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the settings that serve would use, or why it would refuse them, and exit with 0 or 2.")

  @OptionGroup var options: SettingsOptions

  func run() throws {
    let (settings, sources) = try options.resolve()
    print(settings.report(sources), terminator: "")
  }
}

/// For scripts/embed-settings.
struct DescribeSettings: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the table of all settings for docs/configuration.md.", shouldDisplay: false)

  func run() throws { print(SettingDescription.documentation, terminator: "") }
}

struct AskHealth: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "healthcheck",
    abstract: "Ask a running gateway on this machine whether it is ready, and exit with 0 or 1.")

  @Option(help: "http://HOST[:PORT][/PATH] or unix:PATH. [default: /readyz of CROSSFADE_LISTEN's first]")
  var url: String?

  func run() throws {
    let check: HealthCheck
    do {
      check =
        try url.map { try HealthCheck(url: $0) }
        ?? HealthCheck(environment: ProcessInfo.processInfo.environment)
    } catch { throw ExitStatus.error(ExitStatus.misuse, ["\(error)"]) }
    // 1 is what a container's health check takes for "unhealthy".
    do { try check.run() } catch { throw ExitStatus.error(ExitStatus.failure, ["not ready: \(error)"]) }
  }
}
