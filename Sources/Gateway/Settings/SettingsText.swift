// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// Settings as they could be typed: every text here is taken back by SettingsSyntax unchanged.

extension Settings {
  /// The values of a setting, one text a repetition of its flag.
  func texts(of name: SettingName) -> [String] {
    switch name {
    case .config: configFile.map { [$0] } ?? []
    case .listen: listen.map(\.description)
    case .admin: admin.isEmpty ? ["off"] : admin.map(\.description)
    case .tier: tiers.map(\.description)
    case .policy: [policy.rawValue]
    case .backfill: [backfill.isEnabled ? "on" : "off"]
    case .backfillItems: [String(backfill.itemsPerSecond)]
    case .backfillBytes: [SizeText.text(backfill.bytesPerSecond)]
    case .backfillMaximumSize: [SizeText.text(backfill.maximumLength)]
    case .backfillMinimumTTL: [DurationText.text(.seconds(Int64(backfill.minimumTTL)))]
    case .backfillAssumedTTL: [DurationText.text(.seconds(Int64(backfill.assumedTTL.seconds)))]
    case .backfillSuppression: [DurationText.text(backfillSuppression)]
    case .maximumOwed: [String(maximumOwed)]
    case .migrationWindow: [DurationText.text(migration.window)]
    case .migrationMaximumOlderHits: [migration.maximumOlderHits.description]
    case .migrationMinimumReads: [String(migration.minimumReads)]
    case .distribution: perTier(\.distribution.rawValue)
    case .tierMode: perTier(\.mode.rawValue)
    case .wireProtocol: perTier(\.wireProtocol.rawValue)
    case .weights: perTier { $0.weights.isEmpty ? nil : $0.weights.map(String.init).joined(separator: ",") }
    case .labels: perTier { $0.labels.isEmpty ? nil : $0.labels.joined(separator: ",") }
    case .tls: perTier(\.tls.rawValue)
    case .tlsAuthorities: perTier(\.tlsAuthorities)
    case .tlsCertificate: perTier(\.tlsCertificate)
    case .tlsKey: perTier(\.tlsKey)
    case .credentials: perTier(\.credentialsFile)
    case .httpsCertificate: [httpsCertificate].compactMap { $0 }
    case .httpsKey: [httpsKey].compactMap { $0 }
    case .httpsClientAuthorities: [httpsClientAuthorities].compactMap { $0 }
    case .workers: [String(workers)]
    case .insecure: [String(insecure)]
    case .tokens: tokensFile.map { [$0] } ?? []
    case .rateLimit: [String(rateLimit)]
    case .rateBurst: rateBurst.map { [String($0)] } ?? []
    case .rateLimitBy: [rateLimitBy.rawValue]
    case .keyPrefix: keyPrefix.map { [$0.description] } ?? []
    case .maximumValueSize: [SizeText.text(maximumValueLength)]
    case .maximumKeys: [String(maximumKeysPerRequest)]
    case .maximumBatchSize: [SizeText.text(maximumBatchLength)]
    case .operationTimeout: [DurationText.text(operationTimeout)]
    case .nodeTimeout: [DurationText.text(nodeTimeout)]
    case .ejectAfter: [String(ejectAfter)]
    case .connectTimeout: [DurationText.text(connectTimeout)]
    case .maximumConnections: [String(maximumConnections)]
    case .connectionsPerAddress: [String(connectionsPerAddress)]
    case .maximumInFlight: [String(maximumInFlight)]
    case .maximumBodyMemory: [SizeText.text(maximumBodyMemory)]
    case .connectionMemory: [SizeText.text(connectionMemory)]
    case .headTimeout: [DurationText.text(headTimeout)]
    case .bodyTimeout: [DurationText.text(bodyTimeout)]
    case .writeTimeout: [DurationText.text(writeTimeout)]
    case .idleTimeout: [DurationText.text(idleTimeout)]
    case .sharePorts: [sharesPorts ? "on" : "off"]
    case .drainDelay: [DurationText.text(drainDelay)]
    case .drainTimeout: [DurationText.text(drainTimeout)]
    case .logLevel: [logLevel.rawValue]
    case .logFormat: [logFormat.rawValue]
    case .accessLog: [accessLog.rawValue]
    case .accessLogSample: [String(accessLogSample)]
    case .slowLog: [DurationText.text(slowLog)]
    case .logKeys: [logKeys ? "on" : "off"]
    case .serverTiming: [serverTiming ? "on" : "off"]
    case .corsOrigin: corsOrigins
    }
  }

  /// `TIER=VALUE` for each tier that has one.
  private func perTier(_ value: (TierSettings) -> String?) -> [String] {
    tiers.compactMap { tier in value(tier).map { "\(tier.name)=\($0)" } }
  }

  /// What `check-config` prints: a line a value, with where it came from; where there is none, the default
  /// in words.
  public func report(_ sources: SettingSources) -> String {
    let width = SettingName.allCases.map(\.rawValue.count).max() ?? 0
    var lines = ""
    for row in SettingDescription.table {
      let label = row.name.rawValue
      let pad = String(repeating: " ", count: width - label.count + 2)
      let texts = texts(of: row.name)
      for text in texts.isEmpty ? [row.defaultText] : texts {
        lines += "\(label)\(pad)\(text)  (\(sources.source(of: row.name)))\n"
      }
    }
    return lines
  }
}

extension ListenAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .https(let host, let port): "https://\(ListenAddress.tcp(host: host, port: port))"
    case .unix(let path): "unix:\(path)"
    }
  }
}

extension TierSettings: CustomStringConvertible {
  public var description: String { "\(name)=\(nodes.map(\.description).joined(separator: ","))" }
}

/// Sizes in bytes: `1048576`, `1MiB`, `1MB`.
enum SizeText {
  static let units: [(suffix: String, bytes: Int)] = [
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ("B", 1),
  ]

  /// In the largest binary unit that divides it.
  static func text(_ bytes: Int) -> String {
    let unit = units.prefix(4).last { bytes > 0 && bytes % $0.bytes == 0 }
    return unit.map { "\(bytes / $0.bytes)\($0.suffix)" } ?? String(bytes)
  }
}

/// Durations: `250ms`, `1s`, `5m`, `1h`.
enum DurationText {
  static let units: [(suffix: String, milliseconds: Int64)] = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000),
  ]

  /// In the largest unit that divides it; parts of a millisecond are dropped, as nothing sets them.
  static func text(_ duration: Duration) -> String {
    let milliseconds = duration.wholeMilliseconds
    if milliseconds == 0 { return "0s" }
    let unit = units.last { milliseconds % $0.milliseconds == 0 } ?? units[0]
    return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
  }
}

extension Duration {
  var wholeMilliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }
}
