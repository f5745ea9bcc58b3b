// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Reactor

extension Settings {
  /// Reads what was given into settings, or tells everything that is wrong with it.
  public static func resolve(_ sources: SettingSources) throws(SettingsError) -> Settings {
    var resolver = SettingsResolver(sources)
    resolver.readAll()
    if !resolver.faults.isEmpty { throw SettingsError(faults: resolver.faults) }
    return resolver.settings
  }

  /// As `resolve(_:)`.
  public static func resolve(
    flags: [SettingName: [String]] = [:], environment: [String: String] = [:]
  ) throws(SettingsError) -> Settings {
    try resolve(SettingSources(flags: flags, environment: environment))
  }
}

/// Collects values and faults, setting by setting, then what holds between settings.
struct SettingsResolver {
  private let sources: SettingSources
  private(set) var settings = Settings()
  private(set) var faults: [SettingFault] = []

  init(_ sources: SettingSources) { self.sources = sources }

  mutating func readAll() {
    typealias Syntax = SettingsSyntax
    readLast(.config, \.configFile, Syntax.path)
    faults += sources.file?.faults ?? []
    read(.listen, \.listen, Syntax.listenAddress)
    readAdmin()
    read(.tier, \.tiers, Syntax.tier)
    readLast(.policy, \.policy, Syntax.choice)
    readLast(.workers, \.workers, Syntax.count(in: 1...256))
    readLast(.insecure, \.insecure, Syntax.toggle)
    readLast(.sharePorts, \.sharesPorts, Syntax.toggle)
    readLast(.maximumValueSize, \.maximumValueLength, Syntax.size(in: 1...(128 << 20)))
    readLast(.maximumKeys, \.maximumKeysPerRequest, Syntax.count(in: 1...100_000))
    readLast(.maximumBatchSize, \.maximumBatchLength, Syntax.size(in: (64 << 10)...(1 << 30)))
    readTimes()
    readLast(.ejectAfter, \.ejectAfter, Syntax.count(in: 1...1_000))
    readBackfill()
    readMigration()
    readClientLimits()
    readLog()
    readLast(.serverTiming, \.serverTiming, Syntax.toggle)
    readOrigins()
    readAccess()
    readHTTPS()
    checkListeners()
    checkTiers()
    readPerTier(.distribution, \.distribution, Syntax.choice)
    readPerTier(.weights, \.weights, Syntax.weights)
    readPerTier(.labels, \.labels, Syntax.labels)
    checkRings()
    readPerTier(.tierMode, \.mode, Syntax.choice)
    if let primary = settings.tiers.first, primary.mode != .serving {
      fault(.tierMode, "\(primary.name)=\(primary.mode.rawValue)", "the primary is always read")
    }
    readPerTier(.wireProtocol, \.wireProtocol, Syntax.choice)
    readSecurity()
    for (name, value) in sources.unknownVariables {
      faults.append(SettingFault(unknownVariable: name, value: value))
    }
  }

  // MARK: Reading

  private mutating func read<Value>(
    _ name: SettingName, _ path: WritableKeyPath<Settings, [Value]>,
    _ parse: (String) throws(InvalidValue) -> Value
  ) {
    guard let texts = sources.values(of: name) else { return }
    settings[keyPath: path] = texts.compactMap { value(of: name, $0, parse) }
  }

  /// The last repetition counts, as it does for most programs.
  mutating func readLast<Value>(
    _ name: SettingName, _ path: WritableKeyPath<Settings, Value>,
    _ parse: (String) throws(InvalidValue) -> Value
  ) {
    guard let text = sources.values(of: name)?.last, let value = value(of: name, text, parse) else { return }
    settings[keyPath: path] = value
  }

  private mutating func value<Value>(
    of name: SettingName, _ text: String, _ parse: (String) throws(InvalidValue) -> Value
  ) -> Value? {
    do { return try parse(text) } catch {
      fault(name, text, error.reason)
      return nil
    }
  }

  mutating func fault(_ name: SettingName, _ value: String, _ reason: String) {
    faults.append(sources.fault(name, value, reason))
  }

  /// `off` is no address, so it is looked for before addresses are read.
  private mutating func readAdmin() {
    guard let texts = sources.values(of: .admin), texts.contains("off") else {
      return read(.admin, \.admin, SettingsSyntax.listenAddress)
    }
    settings.admin = []
    if texts.count > 1 { fault(.admin, texts.joined(separator: " "), "off stands alone") }
  }

  private mutating func readOrigins() {
    read(.corsOrigin, \.corsOrigins, SettingsSyntax.origin)
    if settings.corsOrigins.contains("*"), settings.corsOrigins.count > 1 {
      fault(.corsOrigin, settings.corsOrigins.joined(separator: " "), "* stands alone")
    }
  }

  private mutating func readTimes() {
    typealias Syntax = SettingsSyntax
    let timeouts: ClosedRange<Duration> = .milliseconds(1)...(.seconds(600))
    readLast(.operationTimeout, \.operationTimeout, Syntax.duration(in: timeouts))
    // A short operation timeout alone shortens the nodes' with it; a longer one of theirs is a mistake.
    settings.nodeTimeout = min(settings.nodeTimeout, settings.operationTimeout)
    readLast(.nodeTimeout, \.nodeTimeout) { [limit = settings.operationTimeout] text throws(InvalidValue) in
      let timeout = try Syntax.duration(text, timeouts)
      guard timeout <= limit else {
        throw InvalidValue("longer than the operation timeout of \(DurationText.text(limit))")
      }
      return timeout
    }
    readLast(.connectTimeout, \.connectTimeout, Syntax.duration(in: timeouts))
    readLast(.idleTimeout, \.idleTimeout, Syntax.duration(in: .zero ... .seconds(86_400)))
    readLast(.drainDelay, \.drainDelay, Syntax.duration(in: .zero ... .seconds(3_600)))
    readLast(.drainTimeout, \.drainTimeout, Syntax.duration(in: .zero ... .seconds(3_600)))
  }

  private mutating func readClientLimits() {
    typealias Syntax = SettingsSyntax
    readLast(.maximumConnections, \.maximumConnections, Syntax.count(in: 1...1_000_000))
    readLast(.connectionsPerAddress, \.connectionsPerAddress, Syntax.count(in: 0...1_000_000))
    readLast(.maximumInFlight, \.maximumInFlight, Syntax.count(in: 1...1_000_000))
    readLast(.maximumBodyMemory, \.maximumBodyMemory, Syntax.size(in: (64 << 10)...(1 << 40)))
    readLast(.connectionMemory, \.connectionMemory, Syntax.size(in: (4 << 10)...(1 << 20)))
    let times: ClosedRange<Duration> = .zero ... .seconds(3_600)
    readLast(.headTimeout, \.headTimeout, Syntax.duration(in: times))
    readLast(.bodyTimeout, \.bodyTimeout, Syntax.duration(in: times))
    readLast(.writeTimeout, \.writeTimeout, Syntax.duration(in: times))
  }

  private mutating func readLog() {
    typealias Syntax = SettingsSyntax
    readLast(.logLevel, \.logLevel, Syntax.choice)
    readLast(.logFormat, \.logFormat, Syntax.choice)
    readLast(.accessLog, \.accessLog, Syntax.choice)
    readLast(.accessLogSample, \.accessLogSample, Syntax.count(in: 1...1_000_000_000))
    readLast(.slowLog, \.slowLog, Syntax.duration(in: .zero ... .seconds(600)))
    readLast(.logKeys, \.logKeys, Syntax.toggle)
  }

  private mutating func readBackfill() {
    typealias Syntax = SettingsSyntax
    readLast(.backfill, \.backfill.isEnabled, Syntax.toggle)
    readLast(.backfillItems, \.backfill.itemsPerSecond, Syntax.count(in: 0...1_000_000_000))
    readLast(.backfillBytes, \.backfill.bytesPerSecond, Syntax.size(in: 0...(1 << 40)))
    readLast(.backfillMaximumSize, \.backfill.maximumLength, Syntax.size(in: 1...(128 << 20)))
    let ttls: ClosedRange<Duration> = .zero ... .seconds(Exptime.longestRelative)
    readLast(.backfillMinimumTTL, \.backfill.minimumTTL) { text throws(InvalidValue) in
      try Syntax.wholeSeconds(try Syntax.duration(text, ttls))
    }
    readLast(.backfillAssumedTTL, \.backfill.assumedTTL) { text throws(InvalidValue) in
      let seconds = try Syntax.wholeSeconds(try Syntax.duration(text, ttls))
      if seconds == 0 {
        throw InvalidValue("0 means never to memcached: a copy that never expires would outlive its original")
      }
      return Exptime(seconds: seconds)
    }
    readSuppression()
    readLast(.maximumOwed, \.maximumOwed, Syntax.count(in: 1...10_000_000))
  }

  /// A value that was read before a write may be on its way for as long as the write, and that for as long as
  /// it takes: a copy that is made sooner may undo it. Long timeouts lengthen the default with them.
  private mutating func readSuppression() {
    let least = settings.longestWrite * 2
    settings.backfillSuppression = max(settings.backfillSuppression, least)
    readLast(.backfillSuppression, \.backfillSuppression) { text throws(InvalidValue) in
      let time = try SettingsSyntax.duration(text, .milliseconds(2)...(.seconds(3_600)))
      guard time >= least else {
        throw InvalidValue(
          "shorter than \(DurationText.text(least)), twice what a write may take by the operation timeout and "
            + "the nodes': a copy of what was read before a write could then undo it")
      }
      return time
    }
  }

  mutating func readPerTier<Value>(
    _ name: SettingName, _ path: WritableKeyPath<TierSettings, Value>,
    _ parse: @escaping SettingsSyntax.Parser<Value>
  ) {
    // A tier that could not be read has its fault already; that it is unknown would be a false second one.
    let isEveryTierKnown = !faults.contains { $0.name == .tier }
    for text in sources.values(of: name) ?? [] {
      let entry = value(of: name, text) { text throws(InvalidValue) in
        try SettingsSyntax.tierValue(text, parse)
      }
      guard let entry else { continue }
      guard let index = settings.tiers.firstIndex(where: { $0.name == entry.tier }) else {
        if isEveryTierKnown { fault(name, text, "no tier is called \(quoted(entry.tier))") }
        continue
      }
      settings.tiers[index][keyPath: path] = entry.value
    }
  }

  /// Of one tier, as `TIER=VALUE`.
  func isGiven(_ name: SettingName, of tier: TierSettings) -> Bool {
    (sources.values(of: name) ?? []).contains { $0.hasPrefix("\(tier.name)=") }
  }

  private mutating func checkRings() {
    for tier in settings.tiers {
      let lists: [(SettingName, [String])] = [
        (.weights, tier.weights.map(String.init)), (.labels, tier.labels),
      ]
      let wrong = lists.filter { !$1.isEmpty && $1.count != tier.nodes.count }
      for (name, list) in wrong {
        fault(
          name, "\(tier.name)=\(list.joined(separator: ","))",
          "\(list.count) for a tier of \(tier.nodes.count) nodes")
      }
      if !wrong.isEmpty { continue }
      do { _ = try tier.makeRing() } catch { faultOfRing(error, tier) }
    }
  }

  private mutating func faultOfRing(_ error: RingError, _ tier: TierSettings) {
    let name: SettingName =
      switch error {
      case .weightOutOfRange, .weightUnsupported: .weights
      case .duplicate where !tier.labels.isEmpty: .labels
      case .emptyLabel: .labels
      case .duplicate, .noNodes, .memoryNode: .distribution
      }
    let value = settings.texts(of: name).first { $0.hasPrefix("\(tier.name)=") }
    fault(name, value ?? "\(tier)", "\(error)")
  }

  // MARK: Between settings

  /// Looks at what could be read; a listener that could not has its fault already.
  private mutating func checkListeners() {
    var seen: Set<ListenAddress> = []
    for (name, addresses) in [(SettingName.listen, settings.listen), (.admin, settings.admin)] {
      for address in addresses {
        let isAsked = settings.asksWhoCalls || settings.asksForCertificate(at: address)
        if !settings.insecure, !isAsked, !address.isLocal {
          fault(name, address.description, SettingsResolver.exposed)
        }
        // Port 0 asks for a new port each time. Any other one bound twice would be shared: requests
        // would go to the data or to the admin side, with TLS or without, by chance.
        if !address.hasPortZero, !seen.insert(address.withoutTLS).inserted {
          fault(name, address.description, "listened on twice")
        }
      }
    }
  }

  private static let exposed =
    "reachable from other machines, where anyone could read and write every key, as no one is asked who "
    + "they are: choose 127.0.0.1, [::1], localhost or unix:PATH, or give --tokens (CROSSFADE_TOKENS), or have "
    + "callers show certificates (https:// with --https-client-ca), or say --insecure (CROSSFADE_INSECURE=true) if that is meant"

  private mutating func checkTiers() {
    var names: Set<String> = []
    var tierOfNode: [NodeAddress: String] = [:]
    for tier in settings.tiers {
      if !names.insert(tier.name).inserted { fault(.tier, tier.description, "two tiers of that name") }
      for node in Set(tier.nodes) {
        if case .memory = node { continue }
        // A set deletes the copies in older tiers: in the same server that would be the copy just set.
        if let other = tierOfNode.updateValue(tier.name, forKey: node), other != tier.name {
          fault(.tier, tier.description, "the node \(node) is in the tier \(quoted(other)) already")
        }
      }
    }
  }
}

extension ListenAddress {
  /// Whether only programs of this machine can reach it, as far as can be told without resolving names.
  var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _), .https(let host, _):
      SocketAddress(numericHost: host, port: 0)?.isLoopback ?? (host.lowercased() == "localhost")
    }
  }

  fileprivate var hasPortZero: Bool {
    if case .tcp(_, 0) = withoutTLS { true } else { false }
  }

  /// The same address, as the kernel knows it.
  var withoutTLS: ListenAddress {
    if case .https(let host, let port) = self { .tcp(host: host, port: port) } else { self }
  }
}
