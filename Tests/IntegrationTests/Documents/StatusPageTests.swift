// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Testing

extension Program {
  /// docs/http.md: every status, provoked by curl.
  @Suite struct StatusPageTests {
    @Test("every command that docs/http.md shows gets the answer that it shows")
    func answers() throws {
      let script = try RunningCommand(
        GatewayProcess.packageRoot + "/scripts/http-transcript", ["--check"],
        environment: ["CROSSFADE_BINARY": GatewayProcess.binary], withErrors: true)
      let output = script.output(within: 60)
      #expect(output.status == 0, "\(output.lines.joined(separator: "\n"))")
    }

    @Test("docs/http.md has each status of openapi.yaml, once")
    func complete() throws {
      let titles = try CommandOutput.document("docs/http.md").matches(of: /\n## ([0-9]{3}) [A-Z]/)
        .map { String($0.output.1) }
      let described = try CommandOutput.document("openapi.yaml").matches(of: /\n +'([0-9]{3})':/)
        .map { String($0.output.1) }
      #expect(described.count > 100, "openapi.yaml is written in another way than this test reads it")
      #expect(Set(described).subtracting(titles) == [])
      #expect(Set(titles).count == titles.count)
    }
  }
}
