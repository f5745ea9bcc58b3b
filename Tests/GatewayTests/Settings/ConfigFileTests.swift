// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Testing

@testable import Gateway

@Suite struct ConfigFileTests {
  /// A file with that text, for as long as the test runs.
  private final class TemporaryFile {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json5").path
    init(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
    deinit { unlink(path) }
  }

  private func sources(
    _ file: TemporaryFile, flags: [SettingName: [String]] = [:], environment: [String: String] = [:]
  ) -> SettingSources {
    SettingSources(
      flags: flags.merging([.config: [file.path]]) { own, _ in own }, environment: environment
    ).readingFile()
  }

  private func faults(_ text: String) throws -> [String] {
    let file = try TemporaryFile(text)
    let error = #expect(throws: SettingsError.self) { try Settings.resolve(sources(file)) }
    return (error?.faults ?? []).map { $0.description.replacing(file.path, with: "FILE") }
  }

  @Test("a file gives values of every type, with comments and without quotes") func values() throws {
    let file = try TemporaryFile(
      """
      {
        // a comment
        listen: "127.0.0.1:1", 'admin': ["unix:a", "unix:b"],
        tiers: [
          { name: "new", nodes: ["a", "b:2"], weights: [1, 2], distribution: "ketama-weighted" },
          { name: "old", nodes: ["c"], protocol: "classic" },
        ],
        workers: 3, max_value_size: 1000, max_batch_size: "1MiB", operation_timeout: "2s", insecure: true,
        backfill: false, cors_origins: ["http://a", "http://b"],
      }
      """)
    let settings = try Settings.resolve(sources(file))
    #expect(settings.listen == [.tcp(host: "127.0.0.1", port: 1)])
    #expect(settings.admin == [.unix(path: "a"), .unix(path: "b")])
    #expect(settings.tiers.map(\.description) == ["new=a:11211,b:2", "old=c:11211"])
    #expect(settings.tiers[0].weights == [1, 2])
    #expect(settings.tiers[0].distribution.rawValue == "ketama-weighted")
    #expect(settings.tiers[1].wireProtocol == .classic)
    #expect((settings.workers, settings.maximumValueLength) == (3, 1000))
    #expect(settings.operationTimeout == .seconds(2))
    #expect(settings.insecure && !settings.backfill.isEnabled)
    #expect(settings.corsOrigins == ["http://a", "http://b"])
    #expect(settings.configFile == file.path)
  }

  @Test("a flag beats the environment, which beats the file, which beats the default") func order() throws {
    let file = try TemporaryFile("{ workers: 3, max_keys: 30, eject_after: 7 }")
    let sources = sources(
      file, flags: [.workers: ["1"]], environment: ["CROSSFADE_WORKERS": "2", "CROSSFADE_MAX_KEYS": "20"])
    let settings = try Settings.resolve(sources)
    #expect((settings.workers, settings.maximumKeysPerRequest, settings.ejectAfter) == (1, 20, 7))
    let names: [SettingName] = [.workers, .maximumKeys, .ejectAfter, .policy]
    #expect(names.map { sources.source(of: $0) } == [.flag, .environment, .file, .default])
  }

  @Test("the file may be named by the environment") func named() throws {
    let file = try TemporaryFile("{ workers: 3 }")
    let sources = SettingSources(environment: ["CROSSFADE_CONFIG": file.path]).readingFile()
    #expect(try Settings.resolve(sources).workers == 3)
  }

  @Test("tiers that a flag replaces take with them what the file says of them") func replacedTiers() throws {
    let file = try TemporaryFile(#"{ tiers: [{ name: "old", nodes: ["a"], protocol: "classic" }] }"#)
    let settings = try Settings.resolve(sources(file, flags: [.tier: ["new=b"]]))
    #expect(settings.tiers.map(\.description) == ["new=b:11211"])
    #expect(settings.tiers[0].wireProtocol == .auto)
  }

  @Test("every key that is wrong is told at once with the file, the value and what is allowed")
  func allFaults() throws {
    let faults = try faults(
      """
      { workers: 0, max_kyes: 5, policy: "loose", operation_timeout: 5, protocol: "meta",
        insecure: "yes", listen: ["x", 5], max_keys: 1, max_keys: 2,
        tiers: [{ name: "new", nodes: ["a"], weight: 3, tls: "maybe" }, { name: "old" }, 7,
                { name: "9", nodes: ["b:x", "c,d"] }] }
      """)
    let expected = [
      #"FILE: max_kyes "5": no such setting; allowed: listen, admin, https_certificate, "#,
      #"FILE: operation_timeout "5": a number, no duration; allowed: 1ms to 10m"#,
      #"FILE: protocol "meta": no such setting here: it is a member of a tier; allowed: "#,
      #"FILE: insecure "yes": a string, no boolean; allowed: true or false"#,
      #"FILE: tiers[0].weight "3": a tier has no such member; allowed: name, nodes, "#,
      #"FILE: tiers[1].nodes "null": no nodes; allowed: a list of HOST[:PORT]"#,
      #"FILE: tiers[2] "7": a number; allowed: an object with name and nodes"#,
      #"FILE: tiers[3].nodes[1] "c,d": a comma in it; allowed: "#,
      #"FILE: max_keys: twice (line 2); allowed: once"#,
      #"FILE: workers "0": too small; allowed: 1 to 256"#,
      #"FILE: policy "loose": no such choice; allowed: one of strict"#,
      #"FILE: listen "x": no port; allowed: "#,
      #"FILE: tiers[0].tls "maybe": no such choice; allowed: off|on|insecure"#,
    ]
    for part in expected {
      #expect(faults.contains { $0.hasPrefix(part) }, "\(part) is not among \(faults)")
    }
  }

  @Test(
    "a file that is not JSON5 is one fault, which says where and what is missing",
    arguments: [
      ("{ workers: }", #"line 1, column 12: expected a value"#), ("", "line 1, column 1: expected a value"),
      ("{ workers: 1 } trailing", "line 1, column 16: expected the end of the file"),
      ("{\n  workers: 1\n  max_keys: 5\n}", #"line 3, column 3: expected "," or "}""#),
      ("{ listen: [1 2] }", #"line 1, column 14: expected "," or "]""#),
      ("{ policy: strict }", "line 1, column 11: expected a value; a string has quotes"),
      ("{ policy 'strict' }", #"line 1, column 10: expected ":" behind the key "policy""#),
      ("{\n policy: 'strict\n}", "line 2, column 10: expected a string that ends on its line"),
      ("{ /* policy }", "line 1, column 3: expected a comment that ends"),
      ("{ / policy }", "line 1, column 3: expected a comment"),
      ("{ , }", #"column 3: expected a key or "}""#),
      (String(repeating: "[", count: 600), "column 513: expected no more than 512 levels"),
      (#"{ policy: "\q\u12" }"#, "not JSON5: "),
    ])
  func notJSON(_ text: String, _ reason: String) throws {
    let faults = try faults(text)
    #expect(faults.count == 1)
    #expect(faults.first?.contains(reason) == true, "\(faults)")
  }

  @Test("a file that is no object is a fault") func notAnObject() throws {
    #expect(try faults("[1]").count == 1)
  }

  @Test(
    "what the decoder takes is taken whole",
    arguments: [
      "{}", " [1, -2.5e3, +.5, 0xFF, Infinity, -NaN, null,] ", "{'a': [{}, [],], \"b\": // c\n true}",
      "/* a */ {a$_1: '\\'', b: \"\\\\\", } // the end",
    ])
  func outline(_ text: String) throws {
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    _ = try decoder.decode(ConfigValue.self, from: Data(text.utf8))
    #expect(JSON5Outline(of: Array(text.utf8)).fault == nil)
  }

  @Test("a file that is not there is a fault") func missing() throws {
    let sources = SettingSources(flags: [.config: ["/nonexistent.json5"]]).readingFile()
    let error = #expect(throws: SettingsError.self) { try Settings.resolve(sources) }
    #expect(error?.description.contains("/nonexistent.json5") == true)
    #expect(error?.description.contains("No such file") == true)
  }

  @Test(
    "a key that stands twice in one object is found, and none that stands in two or in a text",
    arguments: [
      (#"{a: 1, "a": 2}"#, ["a"]), ("{a: {a: 1}, b: {a: 1}}", []), (#"{a: "a: 1, a: 2"} // a:"#, []),
      ("{a: [{b: 1}, {b: 1}], /* a: */ c: 'x:y'}", []), ("{\n'a': 1,\n a: {}}", ["a"]),
      (#"{a: "\", a: ", b: 1}"#, []),
    ])
  func repeated(_ text: String, _ keys: [String]) {
    #expect(JSON5Outline(of: Array(text.utf8)).repeated.map(\.key) == keys)
  }

  @Test("every setting but the file itself has a key of its own") func keys() {
    let rows = SettingDescription.ofFile
    #expect(Set(rows.map(\.key)).count == rows.count)
    for row in rows { #expect(row.key.allSatisfy { $0.isLowercase || $0 == "_" }, "\(row.key)") }
  }
}
