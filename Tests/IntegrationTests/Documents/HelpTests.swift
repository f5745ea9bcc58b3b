// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Testing

extension Program {
  /// Help and documents name the same flags and variables.
  @Suite struct HelpTests {
    struct Setting: Hashable {
      let flag: String
      let variable: String
      let defaultText: String
    }

    static let documents = [
      "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/configuration.md",
      "docs/distributions.md", "docs/servers.md", "docs/operations.md", "docs/access-control.md",
      "docs/migration.md", "docs/embedding.md", "deploy/README.md", "openapi.yaml", "Dockerfile",
    ]

    /// Flags in our documents that are those of other programs.
    private static let flagsOfOthers: Set<String> = [
      "--filter", "--product", "--package-path", "--static-swift-stdlib",  // swift
      "--no-install-recommends", "--uid", "--no-create-home", "--shell",  // apt-get, useradd
      "--seconds", "--seed",  // scripts/check-http
      "--record", "--rows", "--write",  // scripts/check-cost, scripts/bench
      "--uninstall", "--read-only", "--cap-drop", "--stop-timeout", "--build", "--now",  // deploy/README.md
      "--interval", "--timeout", "--start-period", "--from", "--rm",  // Dockerfile, docker
    ]

    /// Variables that are for those who test.
    private static let variablesOfTests: Set<String> = ["CROSSFADE_BINARY", "CROSSFADE_PYTHON"]

    private static func help(_ arguments: [String]) throws -> String {
      let output = try CommandOutput(GatewayProcess.binary, arguments + ["--help"])
      return output.lines.flatMap { $0.split(separator: " ") }.joined(separator: " ")
    }

    /// The settings that help of serve names.
    private static func settings() throws -> Set<Setting> {
      let pattern = /(--[a-z-]+)(?: <[^>]+>)? [A-Z](?:(?! --).)*?\[(CROSSFADE_[A-Z_]+); default ([^\]]*)\]/
      return Set(
        try help(["serve"]).matches(of: pattern).map {
          Setting(
            flag: String($0.output.1), variable: String($0.output.2), defaultText: String($0.output.3))
        })
    }

    @Test("the table in docs/configuration.md is that of the program, and help has the same settings")
    func table() throws {
      let table = try CommandOutput(GatewayProcess.binary, ["describe-settings"]).lines
      let document = try CommandOutput.document("docs/configuration.md")
      #expect(
        document.contains("<!-- table -->\n" + table.joined(separator: "\n") + "\n<!-- end of table -->\n"),
        "run scripts/embed-settings")
      let rows = document.matches(
        of: /\n\|[^|]*\| `(--[a-z-]+)[^`]*` \| `(CROSSFADE_[A-Z_]+)` \|[^|]*\| `([^|`]*)` \|/)
      let documented = Set(
        rows.map {
          Setting(
            flag: String($0.output.1), variable: String($0.output.2), defaultText: String($0.output.3))
        })
      let settings = try HelpTests.settings()
      #expect(settings.count >= 17)
      #expect(documented.subtracting(settings) == [])
      #expect(settings.subtracting(documented) == [])
    }

    @Test("check-config takes deploy/crossfade.json5, which has every setting")
    func sample() throws {
      let path = GatewayProcess.packageRoot + "/deploy/crossfade.json5"
      // What comes from the sample has to be right: none of it is overridden.
      let output = try CommandOutput(GatewayProcess.binary, ["check-config", "--config", path])
      #expect(output.lines.contains { $0.hasPrefix("policy ") && $0.hasSuffix("(file)") })
      let sample = try CommandOutput.document("deploy/crossfade.json5")
      let keys = try CommandOutput.document("docs/configuration.md")
        .matches(of: /\n\| `(?:tiers\[\]\.)?([a-z_]+)` \|/).map { String($0.output.1) }
      #expect(keys.count >= 35)
      for key in keys {
        let place = try Regex("(?m)^\\s*(// )?\(key): ")
        #expect(sample.contains(place), "\(key) is not in deploy/crossfade.json5")
      }
    }

    @Test("every flag and variable that a document names is one", arguments: documents)
    func names(_ document: String) throws {
      let text = try CommandOutput.document(document)
      let commands = [[], ["serve"], ["check-config"], ["healthcheck"], ["make-token"]]
      let flags = try commands.reduce(into: HelpTests.flagsOfOthers) { flags, command in
        flags.formUnion(try HelpTests.help(command).matches(of: /--[a-z-]+/).map { String($0.output) })
      }
      let named = Set(text.matches(of: /(?:^|[ `(])(--[a-z][a-z-]*)/).map { String($0.output.1) })
      #expect(named.subtracting(flags) == [])
      let variables = HelpTests.variablesOfTests.union(try HelpTests.settings().map(\.variable))
      let namedVariables = Set(text.matches(of: /CROSSFADE_[A-Z_]+/).map { String($0.output) })
      #expect(namedVariables.subtracting(variables) == [])
    }

    @Test("serve and check-config have the same flags")
    func sameFlags() throws {
      let flags = try ["serve", "check-config"].map { command in
        Set(try HelpTests.help([command]).matches(of: /--[a-z-]+/).map { String($0.output) })
      }
      #expect(flags[0] == flags[1])
    }
  }
}
