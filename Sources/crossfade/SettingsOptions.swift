// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import ArgumentParser
import FoundationEssentials
import Gateway

/// The flags of all settings, as texts: what they mean and whether they are right is Gateway's to say.
struct SettingsOptions: ParsableArguments {
  @Option(name: .of(.config), help: .of(.config)) var config: String?
  @Option(name: .of(.listen), help: .of(.listen)) var listen: [String] = []
  @Option(name: .of(.admin), help: .of(.admin)) var admin: [String] = []
  @Option(name: .of(.tier), help: .of(.tier)) var tiers: [String] = []
  @Option(name: .of(.policy), help: .of(.policy)) var policy: String?
  @Option(name: .of(.backfill), help: .of(.backfill)) var backfill: String?
  @Option(name: .of(.backfillItems), help: .of(.backfillItems)) var backfillItems: String?
  @Option(name: .of(.backfillBytes), help: .of(.backfillBytes)) var backfillBytes: String?
  @Option(name: .of(.backfillMaximumSize), help: .of(.backfillMaximumSize)) var backfillSize: String?
  @Option(name: .of(.backfillMinimumTTL), help: .of(.backfillMinimumTTL)) var backfillTTL: String?
  @Option(name: .of(.backfillAssumedTTL), help: .of(.backfillAssumedTTL)) var assumedTTL: String?
  @Option(name: .of(.backfillSuppression), help: .of(.backfillSuppression)) var suppression: String?
  @Option(name: .of(.maximumOwed), help: .of(.maximumOwed)) var owed: String?
  @Option(name: .of(.migrationWindow), help: .of(.migrationWindow)) var migrationWindow: String?
  @Option(name: .of(.migrationMaximumOlderHits), help: .of(.migrationMaximumOlderHits)) var olderHits: String?
  @Option(name: .of(.migrationMinimumReads), help: .of(.migrationMinimumReads)) var minimumReads: String?
  @Option(name: .of(.distribution), help: .of(.distribution)) var distributions: [String] = []
  @Option(name: .of(.weights), help: .of(.weights)) var weights: [String] = []
  @Option(name: .of(.labels), help: .of(.labels)) var labels: [String] = []
  @Option(name: .of(.tierMode), help: .of(.tierMode)) var modes: [String] = []
  @Option(name: .of(.wireProtocol), help: .of(.wireProtocol)) var protocols: [String] = []
  @Option(name: .of(.tls), help: .of(.tls)) var tls: [String] = []
  @Option(name: .of(.tlsAuthorities), help: .of(.tlsAuthorities)) var tlsAuthorities: [String] = []
  @Option(name: .of(.tlsCertificate), help: .of(.tlsCertificate)) var tlsCertificates: [String] = []
  @Option(name: .of(.tlsKey), help: .of(.tlsKey)) var tlsKeys: [String] = []
  @Option(name: .of(.credentials), help: .of(.credentials)) var credentials: [String] = []
  @Option(name: .of(.httpsCertificate), help: .of(.httpsCertificate)) var httpsCertificate: String?
  @Option(name: .of(.httpsKey), help: .of(.httpsKey)) var httpsKey: String?
  @Option(name: .of(.httpsClientAuthorities), help: .of(.httpsClientAuthorities)) var clientCA: String?
  @Option(name: .of(.workers), help: .of(.workers)) var workers: String?
  @Flag(name: .of(.insecure), help: .of(.insecure)) var insecure = false
  @Option(name: .of(.sharePorts), help: .of(.sharePorts)) var sharePorts: String?
  @Option(name: .of(.tokens), help: .of(.tokens)) var tokens: String?
  @Option(name: .of(.rateLimit), help: .of(.rateLimit)) var rateLimit: String?
  @Option(name: .of(.rateBurst), help: .of(.rateBurst)) var rateBurst: String?
  @Option(name: .of(.rateLimitBy), help: .of(.rateLimitBy)) var rateLimitBy: String?
  @Option(name: .of(.keyPrefix), help: .of(.keyPrefix)) var keyPrefix: String?
  @Option(name: .of(.maximumValueSize), help: .of(.maximumValueSize)) var valueSize: String?
  @Option(name: .of(.maximumKeys), help: .of(.maximumKeys)) var keys: String?
  @Option(name: .of(.maximumBatchSize), help: .of(.maximumBatchSize)) var batchSize: String?
  @Option(name: .of(.operationTimeout), help: .of(.operationTimeout)) var operationTimeout: String?
  @Option(name: .of(.nodeTimeout), help: .of(.nodeTimeout)) var nodeTimeout: String?
  @Option(name: .of(.ejectAfter), help: .of(.ejectAfter)) var ejectAfter: String?
  @Option(name: .of(.connectTimeout), help: .of(.connectTimeout)) var connectTimeout: String?
  @Option(name: .of(.maximumConnections), help: .of(.maximumConnections)) var connections: String?
  @Option(name: .of(.connectionsPerAddress), help: .of(.connectionsPerAddress)) var perAddress: String?
  @Option(name: .of(.maximumInFlight), help: .of(.maximumInFlight)) var inFlight: String?
  @Option(name: .of(.maximumBodyMemory), help: .of(.maximumBodyMemory)) var bodyMemory: String?
  @Option(name: .of(.connectionMemory), help: .of(.connectionMemory)) var connectionMemory: String?
  @Option(name: .of(.headTimeout), help: .of(.headTimeout)) var headTimeout: String?
  @Option(name: .of(.bodyTimeout), help: .of(.bodyTimeout)) var bodyTimeout: String?
  @Option(name: .of(.writeTimeout), help: .of(.writeTimeout)) var writeTimeout: String?
  @Option(name: .of(.idleTimeout), help: .of(.idleTimeout)) var idleTimeout: String?
  @Option(name: .of(.drainDelay), help: .of(.drainDelay)) var drainDelay: String?
  @Option(name: .of(.drainTimeout), help: .of(.drainTimeout)) var drainTimeout: String?
  @Option(name: .of(.logLevel), help: .of(.logLevel)) var logLevel: String?
  @Option(name: .of(.logFormat), help: .of(.logFormat)) var logFormat: String?
  @Option(name: .of(.accessLog), help: .of(.accessLog)) var accessLog: String?
  @Option(name: .of(.accessLogSample), help: .of(.accessLogSample)) var accessLogSample: String?
  @Option(name: .of(.slowLog), help: .of(.slowLog)) var slowLog: String?
  @Option(name: .of(.logKeys), help: .of(.logKeys)) var logKeys: String?
  @Option(name: .of(.serverTiming), help: .of(.serverTiming)) var serverTiming: String?
  @Option(name: .of(.corsOrigin), help: .of(.corsOrigin)) var corsOrigins: [String] = []

  var sources: SettingSources {
    var flags: [SettingName: [String]] = [
      .listen: listen, .admin: admin, .tier: tiers, .distribution: distributions,
      .weights: weights, .labels: labels, .wireProtocol: protocols, .tierMode: modes,
      .tls: tls, .tlsAuthorities: tlsAuthorities, .tlsCertificate: tlsCertificates, .tlsKey: tlsKeys,
      .credentials: credentials, .corsOrigin: corsOrigins,
      .insecure: insecure ? ["true"] : [],
    ]
    let single: [SettingName: String?] = [
      .config: config,
      .policy: policy, .backfill: backfill, .backfillItems: backfillItems, .backfillBytes: backfillBytes,
      .backfillMaximumSize: backfillSize, .backfillMinimumTTL: backfillTTL, .backfillAssumedTTL: assumedTTL,
      .backfillSuppression: suppression, .maximumOwed: owed,
      .migrationWindow: migrationWindow, .migrationMaximumOlderHits: olderHits,
      .migrationMinimumReads: minimumReads,
      .httpsCertificate: httpsCertificate, .httpsKey: httpsKey, .httpsClientAuthorities: clientCA,
      .workers: workers, .maximumValueSize: valueSize,
      .maximumKeys: keys, .maximumBatchSize: batchSize,
      .operationTimeout: operationTimeout, .nodeTimeout: nodeTimeout,
      .ejectAfter: ejectAfter, .connectTimeout: connectTimeout,
      .connectionsPerAddress: perAddress, .maximumInFlight: inFlight, .maximumBodyMemory: bodyMemory,
      .connectionMemory: connectionMemory, .headTimeout: headTimeout, .bodyTimeout: bodyTimeout,
      .writeTimeout: writeTimeout,
      .maximumConnections: connections, .idleTimeout: idleTimeout,
      .drainDelay: drainDelay, .drainTimeout: drainTimeout, .sharePorts: sharePorts,
      .logLevel: logLevel, .logFormat: logFormat, .accessLog: accessLog,
      .accessLogSample: accessLogSample, .slowLog: slowLog, .logKeys: logKeys, .serverTiming: serverTiming,
      .tokens: tokens, .keyPrefix: keyPrefix,
      .rateLimit: rateLimit, .rateBurst: rateBurst, .rateLimitBy: rateLimitBy,
    ]
    for case (let name, let value?) in single { flags[name] = [value] }
    return SettingSources(flags: flags, environment: ProcessInfo.processInfo.environment)
  }

  /// The settings with what they were made of, or the end of the process with every fault on stderr.
  func resolve() throws -> (settings: Settings, sources: SettingSources) {
    let sources = sources.readingFile()
    do { return (try Settings.resolve(sources), sources) } catch {
      throw ExitStatus.error(ExitStatus.misuse, error.faults.map(\.description))
    }
  }
}

extension NameSpecification {
  static func of(_ name: SettingName) -> NameSpecification { .customLong(name.rawValue) }
}

extension ArgumentHelp {
  static func of(_ name: SettingName) -> ArgumentHelp {
    let row = SettingDescription.of(name)
    return ArgumentHelp("\(row.help)", valueName: row.placeholder.isEmpty ? nil : row.placeholder)
  }
}
