// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// What the built program says and how it ends, for commands that end by themselves.
  @Suite struct CommandLineTests {
    struct Outcome {
      let status: Int32
      let output: String
      let errors: String
    }

    /// Runs the program with nothing in the environment but `environment`: a stray CROSSFADE_… variable of
    /// the one who tests, CROSSFADE_BINARY among them, would be a fault.
    private func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Outcome {
      let (output, errors) = (try LinePipe(), try LinePipe())
      let process = try ChildProcess(
        GatewayProcess.binary, arguments, environment: environment,
        streams: .init(output: output.writeEnd, errors: errors.writeEnd))
      output.closeWriting()
      errors.closeWriting()
      let texts = [output, errors].map { $0.readToEnd().joined(separator: "\n") }
      // One that should have ended by itself and serves instead.
      if !errors.hasEnded { process.end(by: SIGKILL) }
      return Outcome(status: process.wait(), output: texts[0], errors: texts[1])
    }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

    // MARK: Help and version

    @Test("help names every command and is no error", arguments: [["--help"], ["-h"], ["help"], []])
    func helpNamesEveryCommandAndIsNoError(_ arguments: [String]) throws {
      let outcome = try run(arguments)
      #expect(outcome.status == 0)
      #expect(outcome.errors == "")
      for command in ["serve", "check-config", "healthcheck"] {
        #expect(outcome.output.contains("  \(command) "))
      }
    }

    @Test(
      "help of a command names each flag with its variable and its default",
      arguments: ["serve", "check-config"])
    func helpOfACommandNamesEachFlagWithItsVariableAndItsDefault(_ command: String) throws {
      let outcome = try run([command, "--help"])
      #expect(outcome.status == 0)
      let flags = [
        "--listen", "--admin", "--tier", "--policy", "--protocol", "--workers", "--insecure",
        "--weights", "--labels", "--tls", "--tls-ca", "--tls-certificate", "--tls-key", "--auth",
        "--max-value-size", "--max-keys", "--max-batch-size", "--operation-timeout", "--node-timeout",
        "--connect-timeout", "--max-connections", "--idle-timeout", "--drain-timeout", "--log-level",
      ]
      for flag in flags { #expect(outcome.output.contains("\n  \(flag) ")) }
      let words = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(words.contains("[CROSSFADE_LISTEN; default 127.0.0.1:8080]"))
      #expect(words.contains("[CROSSFADE_TIERS; default primary=memory:64MiB]"))
      #expect(words.contains("[CROSSFADE_NODE_TIMEOUT; default 250ms]"))
    }

    @Test("the version is one line") func theVersionIsOneLine() throws {
      let outcome = try run(["--version"])
      #expect(outcome.status == 0)
      #expect(lines(outcome.output).count == 1)
      #expect(outcome.output.hasPrefix("crossfade 0."))
    }

    // MARK: Misuse

    @Test(
      "a wrong flag or word ends with 2 and is named on stderr",
      arguments: [
        (["serve", "--wrong"], "--wrong"), (["serve", "--workers"], "--workers"),
        (["serve", "extra"], "extra"),
        (["sreve"], "sreve"), (["serve", "--config"], "--config"),
        (["serve", "--colour", "on"], "--colour"),
        (["--wrong"], "--wrong"),
      ])
    func aWrongFlagOrWordEndsWith2AndIsNamedOnStderr(_ arguments: [String], _ named: String)
      throws
    {
      let outcome = try run(arguments)
      #expect(outcome.status == 2)
      #expect(outcome.output == "")
      #expect(outcome.errors.contains(named))
      #expect(outcome.errors.contains("--help"))
    }

    @Test(
      "all wrong settings are told at once, and the command ends with 2",
      arguments: ["serve", "check-config"])
    func allWrongSettingsAreToldAtOnceAndTheCommandEndsWith2(_ command: String) throws {
      let outcome = try run(
        [command, "--workers", "0", "--tier", "9=a", "--listen", "0.0.0.0:80"],
        ["CROSSFADE_LOG_LEVEL": "loud", "CROSSFADE_TEIRS": "new=a"])
      #expect(outcome.status == 2)
      #expect(outcome.output == "")
      let errors = lines(outcome.errors)
      #expect(errors.count == 5)
      #expect(errors.allSatisfy { $0.hasPrefix("crossfade: ") && $0.contains("; allowed: ") })
      for part in ["--workers (CROSSFADE_WORKERS) \"0\"", "--insecure", "\"loud\"", "CROSSFADE_TEIRS"] {
        #expect(outcome.errors.contains(part))
      }
    }

    // MARK: check-config

    @Test("check-config prints the effective settings and where they came from")
    func checkConfigPrintsTheEffectiveSettingsAndWhereTheyCameFrom() throws {
      let outcome = try run(
        ["check-config", "--tier", "new=a", "--tier", "old=unix:/m.sock", "--admin", "off"],
        ["CROSSFADE_PROTOCOLS": "old=classic", "CROSSFADE_LISTEN": "unix:/d.sock [::1]:0"])
      #expect(outcome.status == 0)
      #expect(outcome.errors == "")
      let expected = [
        "listen unix:/d.sock (environment)", "listen [::1]:0 (environment)", "admin off (flag)",
        "tier new=a:11211 (flag)", "tier old=unix:/m.sock (flag)", "protocol new=auto (environment)",
        "protocol old=classic (environment)", "policy strict (default)", "drain-timeout 10s (default)",
      ]
      let printed = lines(outcome.output).map {
        $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
      }
      for line in expected { #expect(printed.contains(line)) }
    }

    // MARK: healthcheck

    @Test("healthcheck of a gateway that is not there ends with 1 and says where it asked")
    func healthcheckOfAGatewayThatIsNotThereEndsWith1AndSaysWhereItAs() throws {
      let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).sock").path
      for environment in [["CROSSFADE_LISTEN": "unix:\(path)"], [:]] {
        let outcome = try run(
          ["healthcheck"] + (environment.isEmpty ? ["--url", "unix:\(path)"] : []), environment)
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("crossfade: not ready: unix:\(path): "))
      }
    }

    @Test("healthcheck with a bad URL ends with 2") func healthcheckWithABadURLEndsWith2() throws {
      let outcome = try run(["healthcheck", "--url", "https://localhost/"])
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("https://localhost/"))
    }

    // MARK: Start

    @Test("an address that cannot be had ends serve with 1 and is named")
    func anAddressThatCannotBeHadEndsServeWith1AndIsNamed() throws {
      let path = "/nonexistent-\(UUID())/x.sock"
      let outcome = try run(["serve", "--listen", "unix:\(path)", "--admin", "off"])
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.contains("crossfade: cannot listen on unix:\(path): bind: No such file or directory")
      )
    }
  }
}
