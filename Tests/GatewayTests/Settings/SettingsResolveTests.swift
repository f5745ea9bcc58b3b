// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import Testing

@testable import Gateway

@Suite struct SettingsResolveTests {
  // MARK: Where values come from

  @Test("nothing given gives the defaults") func nothingGivenGivesTheDefaults() throws {
    let settings = try Settings.resolve()
    #expect(settings == Settings())
    #expect(settings.tiers.map(\.description) == ["primary=memory:64MiB"])
    #expect((1...256).contains(settings.workers))
  }

  @Test("a flag beats the environment, which beats the default")
  func aFlagBeatsTheEnvironmentWhichBeatsTheDefault() throws {
    let environment = ["CROSSFADE_WORKERS": "3", "CROSSFADE_MAX_KEYS": "30"]
    let settings = try Settings.resolve(flags: [.workers: ["2"]], environment: environment)
    #expect(settings.workers == 2)
    #expect(settings.maximumKeysPerRequest == 30)
    #expect(settings.maximumConnections == Settings().maximumConnections)
  }

  @Test("a fault of a variable that a flag replaces is none") func aFaultOfAVariableThatAFlagReplacesIsNone()
    throws
  {
    #expect(
      try Settings.resolve(flags: [.workers: ["2"]], environment: ["CROSSFADE_WORKERS": "x"]).workers == 2)
  }

  @Test("a flag replaces a list in the environment whole") func aFlagReplacesAListInTheEnvironmentWhole()
    throws
  {
    let environment = ["CROSSFADE_TIERS": "new=a;old=b"]
    #expect(
      try Settings.resolve(flags: [.tier: ["t=c"]], environment: environment).tiers.map(\.name) == ["t"])
  }

  @Test("the last repetition of a single value counts") func theLastRepetitionOfASingleValueCounts() throws {
    #expect(try Settings.resolve(flags: [.workers: ["2", "4"]]).workers == 4)
  }

  @Test("an empty variable counts as none") func anEmptyVariableCountsAsNone() throws {
    let empty = Dictionary(uniqueKeysWithValues: SettingDescription.table.map { ($0.variable, "") })
    #expect(try Settings.resolve(environment: empty) == Settings())
  }

  @Test("the report tells each value and its source") func theReportTellsEachValueAndItsSource() throws {
    let sources = SettingSources(flags: [.workers: ["2"]], environment: ["CROSSFADE_MAX_KEYS": "30"])
    let report = try Settings.resolve(sources).report(sources)
    let pad = { (name: String) in name.padding(toLength: 29, withPad: " ", startingAt: 0) }
    #expect(report.contains("\n\(pad("workers"))2  (flag)\n"))
    #expect(report.contains("\n\(pad("max-keys"))30  (environment)\n"))
    #expect(report.contains("\n\(pad("log-level"))info  (default)\n"))
    #expect(report.split(separator: "\n").count == SettingName.allCases.count)
  }

  // MARK: Environment

  @Test("every setting can be given by its variable", arguments: SettingsValuesTests.good)
  func everySettingCanBeGivenByItsVariable(_ row: ValueRow) throws {
    let settings = try Settings.resolve(environment: [SettingDescription.of(row.name).variable: row.value])
    #expect(settings.texts(of: row.name) == [row.expected])
  }

  @Test(
    "listeners in a variable are parted by commas or spaces",
    arguments: [
      "127.0.0.1:1,unix:a", "127.0.0.1:1 unix:a", " 127.0.0.1:1 , unix:a ", "127.0.0.1:1\nunix:a",
    ])
  func listenersInAVariableArePartedByCommasOrSpaces(_ text: String) throws {
    let settings = try Settings.resolve(environment: ["CROSSFADE_LISTEN": text])
    #expect(settings.listen == [.tcp(host: "127.0.0.1", port: 1), .unix(path: "a")])
  }

  @Test("tiers in a variable are parted by semicolons and keep their order")
  func tiersInAVariableArePartedBySemicolonsAndKeepTheirOrder() throws {
    let environment = ["CROSSFADE_TIERS": "new=a:1; old=b:2;", "CROSSFADE_PROTOCOLS": "old=classic,new=meta"]
    let settings = try Settings.resolve(environment: environment)
    #expect(
      settings.tiers == [
        TierSettings(name: "new", nodes: [.tcp(host: "a", port: 1)], wireProtocol: .meta),
        TierSettings(name: "old", nodes: [.tcp(host: "b", port: 2)], wireProtocol: .classic),
      ])
  }

  @Test("a variable of nothing but separators is a fault") func aVariableOfNothingButSeparatorsIsAFault() {
    #expect(throws: SettingsError.self) { try Settings.resolve(environment: ["CROSSFADE_LISTEN": " , "]) }
  }

  @Test(
    "an unknown variable is a fault that names it",
    arguments: [
      "CROSSFADE_TIER", "CROSSFADE_", "CROSSFADE_listen", "CROSSFADE_BACKFIL", "CROSSFADE_CONFIGURATION",
    ])
  func anUnknownVariableIsAFaultThatNamesIt(_ name: String) throws {
    let error = try #require(throws: SettingsError.self) {
      _ = try Settings.resolve(environment: [name: "x", "OTHER_THING": "y"])
    }
    #expect(error.faults.count == 1)
    #expect(error.description.hasPrefix("\(name) \"x\": no such setting; allowed: CROSSFADE_CONFIG"))
  }

  @Test("the service links of Kubernetes are no settings") func theServiceLinksOfKubernetesAreNoSettings()
    throws
  {
    let links = [
      "CROSSFADE_SERVICE_HOST": "10.3.0.9", "CROSSFADE_SERVICE_PORT": "8080",
      "CROSSFADE_SERVICE_PORT_HTTP": "8080", "CROSSFADE_PORT": "tcp://10.3.0.9:8080",
      "CROSSFADE_PORT_8080_TCP": "tcp://10.3.0.9:8080", "CROSSFADE_PORT_8080_TCP_ADDR": "10.3.0.9",
      "CROSSFADE_ADMIN_SERVICE_HOST": "10.3.0.10", "CROSSFADE_ADMIN_PORT": "tcp://10.3.0.10:8081",
    ]
    #expect(try Settings.resolve(environment: links) == Settings())
  }

  @Test("a port that no service link would hold is an unknown variable")
  func aPortThatNoServiceLinkWouldHoldIsAnUnknownVariable() {
    #expect(throws: SettingsError.self) { try Settings.resolve(environment: ["CROSSFADE_PORT": "8080"]) }
  }

  // MARK: Between settings

  @Test("all faults are told at once, a line each") func allFaultsAreToldAtOnceALineEach() throws {
    let flags: [SettingName: [String]] = [
      .listen: ["0.0.0.0:1", "x"], .workers: ["0"], .policy: ["none"], .tier: ["new=a", "new=b"],
      .wireProtocol: ["old=meta"],
    ]
    let environment = ["CROSSFADE_MAX_KEYS": "-", "CROSSFADE_WORKER": "2"]
    let error = try #require(throws: SettingsError.self) {
      _ = try Settings.resolve(flags: flags, environment: environment)
    }
    let names: [SettingName?] = [.listen, .policy, .workers, .maximumKeys, .listen, .tier, nil]
    #expect(error.faults.map(\.name) == names)
    #expect(error.description.split(separator: "\n").count == names.count)
  }

  @Test("a line break in a value does not break the line of its fault")
  func aLineBreakInAValueDoesNotBreakTheLineOfItsFault() throws {
    let error = try #require(throws: SettingsError.self) {
      _ = try Settings.resolve(flags: [.logLevel: ["a\nb\u{1B}[31m"]])
    }
    #expect(error.description.contains(#""a\nb\u{1b}[31m""#))
  }

  @Test("two tiers of one name are a fault") func twoTiersOfOneNameAreAFault() {
    #expect(throws: SettingsError.self) { try Settings.resolve(flags: [.tier: ["t=a", "t=b"]]) }
  }

  @Test("a node in two tiers is a fault, since a set would delete what it has just stored")
  func aNodeInTwoTiersIsAFaultSinceASetWouldDeleteWhatItHasJustStor() throws {
    let error = try #require(throws: SettingsError.self) {
      _ = try Settings.resolve(flags: [.tier: ["new=a", "old=a:11211"]])
    }
    #expect(error.description.contains("the node a:11211 is in the tier \"new\" already"))
  }

  @Test("memory tiers of one size are different nodes") func memoryTiersOfOneSizeAreDifferentNodes() throws {
    #expect(try Settings.resolve(flags: [.tier: ["new=memory:1MiB", "old=memory:1MiB"]]).tiers.count == 2)
  }

  @Test("a tier that cannot be read does not make its protocol a second fault")
  func aTierThatCannotBeReadDoesNotMakeItsProtocolASecondFault() throws {
    let error = try #require(throws: SettingsError.self) {
      _ = try Settings.resolve(flags: [.tier: ["old=a:x"], .wireProtocol: ["old=meta"]])
    }
    #expect(error.faults.map(\.name) == [.tier])
  }

  @Test("off stands alone") func offStandsAlone() throws {
    #expect(throws: SettingsError.self) { try Settings.resolve(flags: [.admin: ["off", "unix:a"]]) }
    #expect(try Settings.resolve(flags: [.admin: ["off"]]).admin.isEmpty)
  }

  @Test("an address listened on for data and for admin is a fault", arguments: [SettingName.listen, .admin])
  func anAddressListenedOnForDataAndForAdminIsAFault(_ name: SettingName) throws {
    let other = name == .listen ? "127.0.0.1:8081" : "127.0.0.1:8080"
    let error = try #require(throws: SettingsError.self) { _ = try Settings.resolve(flags: [name: [other]]) }
    #expect(error.description.contains("\"\(other)\": listened on twice"))
  }

  @Test("port 0 may be listened on twice") func port0MayBeListenedOnTwice() throws {
    let flags: [SettingName: [String]] = [.listen: ["127.0.0.1:0", "127.0.0.1:0"], .admin: ["127.0.0.1:0"]]
    #expect(try Settings.resolve(flags: flags).listen.count == 2)
  }

  @Test("a short operation timeout shortens the default of the nodes")
  func aShortOperationTimeoutShortensTheDefaultOfTheNodes() throws {
    #expect(try Settings.resolve(flags: [.operationTimeout: ["100ms"]]).nodeTimeout == .milliseconds(100))
    #expect(try Settings.resolve(flags: [.operationTimeout: ["2s"]]).nodeTimeout == .milliseconds(250))
  }

  @Test(
    "a long time for writes lengthens the default of suppression, and one given that is shorter is told")
  func suppressionCoversTheOperationTimeout() throws {
    let long: [SettingName: [String]] = [.operationTimeout: ["4s"]]
    #expect(try Settings.resolve(flags: long).backfillSuppression == .seconds(8))
    #expect(try Settings.resolve(flags: [.operationTimeout: ["1ms"]]).backfillSuppression == .seconds(5))
    let error = try #require(throws: SettingsError.self) {
      _ = try Settings.resolve(flags: long, environment: ["CROSSFADE_BACKFILL_SUPPRESSION": "5s"])
    }
    #expect(error.faults.map(\.name) == [.backfillSuppression])
    #expect(error.description.contains("\"5s\": shorter than 8s, twice what a write may take"))
    // With Prefer: wait, each step of a write has the node timeout: here five.
    let tiers: [SettingName: [String]] = [.tier: ["new=a", "old=b"], .nodeTimeout: ["800ms"]]
    #expect(try Settings.resolve(flags: tiers).backfillSuppression == .seconds(8))
  }

  // MARK: The table

  @Test("every setting has one row, a variable of its own, and help that names both")
  func everySettingHasOneRowAVariableOfItsOwnAndHelpThatNamesBoth() {
    #expect(SettingDescription.table.map(\.name).count == SettingName.allCases.count)
    #expect(Set(SettingDescription.table.map(\.name)) == Set(SettingName.allCases))
    #expect(Set(SettingDescription.table.map(\.variable)).count == SettingName.allCases.count)
    for row in SettingDescription.table { #expect(row.help.contains("[\(row.variable); default ")) }
  }

  @Test("the allowed policies are those that the client offers")
  func theAllowedPoliciesAreThoseThatTheClientOffers() {
    for policy in FallbackPolicy.allCases {
      #expect(SettingDescription.of(.policy).allowed.contains(policy.rawValue))
    }
  }
}
