// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached

/// A row of the table from which the flags, their help, the environment's variables, the printed
/// settings and the errors are all made.
public struct SettingDescription: Sendable {
  public let name: SettingName
  public let variable: String
  /// The placeholder in help; empty for a switch.
  public let placeholder: String
  public let meaning: String
  public let allowed: String

  public var flag: String { name.flag }

  init(_ name: SettingName, _ variable: String, _ placeholder: String, _ meaning: String, _ allowed: String) {
    self.name = name
    self.variable = "CROSSFADE_" + variable
    self.placeholder = placeholder
    self.meaning = meaning
    self.allowed = allowed
  }

  /// All settings, in the order in which help and check-config show them.
  public static let table: [SettingDescription] = [
    .init(
      .config, "CONFIG", "file", "The file that has whatever is neither a flag nor a variable.",
      "a path of a JSON5 file"),
    .init(
      .listen, "LISTEN", "address", "Where to serve keys; repeatable.",
      "HOST:PORT, [IPV6]:PORT, https://HOST:PORT or unix:PATH"),
    .init(
      .admin, "ADMIN", "address", "Where to serve health, statistics and administration; repeatable.",
      "HOST:PORT, [IPV6]:PORT, https://HOST:PORT, unix:PATH or off"),
    .init(
      .httpsCertificate, "HTTPS_CERTIFICATE", "file",
      "The certificate of the listeners with https://, and those between it and its authority.",
      "a file in PEM"),
    .init(
      .httpsKey, "HTTPS_KEY", "file", "The key of that certificate.", "a file in PEM"),
    .init(
      .httpsClientAuthorities, "HTTPS_CLIENT_CA", "file",
      "The authorities whose certificates callers of https:// need; none = they need none.", "a file in PEM"),
    .init(
      .tier, "TIERS", "name=node", "A tier; the first is the primary, repeat for older ones, newest first.",
      "NAME=NODE[,NODE...], where NODE is HOST[:PORT], unix:PATH or memory:SIZE"),
    .init(
      .policy, "POLICY", "policy", "Which tiers a verb reads and writes.",
      "one of " + list(FallbackPolicy.allCases)),
    .init(
      .backfill, "BACKFILL", "on|off", "Copy what only an older tier has to the primary when it is read.",
      "on or off"),
    .init(
      .backfillItems, "BACKFILL_ITEMS_PER_SECOND", "number",
      "Most copies a second, of all workers together; 0 = no limit.", "0 to 1000000000"),
    .init(
      .backfillBytes, "BACKFILL_BYTES_PER_SECOND", "size",
      "Most bytes of values a second, of all workers together; 0 = no limit.",
      "0 to 1TiB, in bytes or with KiB, MiB, kB, MB"),
    .init(
      .backfillMaximumSize, "BACKFILL_MAX_SIZE", "size", "The largest value that is copied.",
      "1 to 128MiB, in bytes or with KiB, MiB, kB, MB"),
    .init(
      .backfillMinimumTTL, "BACKFILL_MIN_TTL", "duration",
      "What would expire sooner is not copied.", "0s to 720h in whole seconds"),
    .init(
      .backfillAssumedTTL, "BACKFILL_ASSUMED_TTL", "duration",
      "For copies from servers that cannot tell the ttl (classic protocol).",
      "1s to 720h in whole seconds"),
    .init(
      .backfillSuppression, "BACKFILL_SUPPRESSION", "duration",
      "For how long a key is not copied after a write of it; at least twice what a write may take.",
      "2ms to 1h, like 500ms or 5s"),
    .init(
      .maximumOwed, "MAX_OWED", "number",
      "Most stale copies of one older tier that are remembered until they can be deleted.",
      "1 to 10000000"),
    .init(
      .migrationWindow, "MIGRATION_WINDOW", "duration",
      "How far back /migration looks; a change of tiers begins it anew.", "1s to 24h, like 30s or 10m"),
    .init(
      .migrationMaximumOlderHits, "MIGRATION_MAX_OLDER_HITS", "share",
      "The most of all hits in that time that older tiers may have for the verdict ready.",
      "0% to 100%, like 1% or 0.25%"),
    .init(
      .migrationMinimumReads, "MIGRATION_MIN_READS", "number",
      "Keys that must have been read in that time for it.", "1 to 1000000000"),
    .init(
      .distribution, "DISTRIBUTIONS", "tier=name",
      "How a tier's keys are divided over its nodes; repeatable.",
      "TIER=\(Distribution.allCases.map(\.rawValue).joined(separator: "|"))"),
    .init(
      .weights, "WEIGHTS", "tier=numbers", "The shares of a tier's nodes in the keys; repeatable.",
      "TIER=NUMBER[,NUMBER...], one for each node, \(RingNode.weights.lowerBound) to "
        + "\(RingNode.weights.upperBound)"),
    .init(
      .labels, "LABELS", "tier=names",
      "What other clients call a tier's nodes, where that is not their addresses; repeatable.",
      "TIER=NAME[,NAME...], one for each node, without spaces"),
    .init(
      .tierMode, "MODES", "tier=mode",
      "What a tier is for; draining = an older tier is not read any more, but stale copies in it are still "
        + "deleted; repeatable.", "TIER=\(TierMode.allCases.map(\.rawValue).joined(separator: "|"))"),
    .init(
      .wireProtocol, "PROTOCOLS", "tier=protocol", "How to speak to a tier; repeatable.",
      "TIER=\(ProtocolChoice.allCases.map(\.rawValue).joined(separator: "|"))"),
    .init(
      .tls, "TLS", "tier=choice",
      "TLS towards a tier's nodes, insecure = without verifying who they are; repeatable.",
      "TIER=\(TLSChoice.allCases.map(\.rawValue).joined(separator: "|"))"),
    .init(
      .tlsAuthorities, "TLS_CA", "tier=file",
      "The certificates of the authorities that a tier's nodes are verified by; repeatable.",
      "TIER=FILE, in PEM"),
    .init(
      .tlsCertificate, "TLS_CERTIFICATE", "tier=file",
      "The certificate that is shown to a tier's nodes; repeatable.", "TIER=FILE, in PEM"),
    .init(
      .tlsKey, "TLS_KEY", "tier=file", "The key of that certificate; repeatable.", "TIER=FILE, in PEM"),
    .init(
      .credentials, "AUTH", "tier=file",
      "The user and password for a tier whose nodes ask for them; repeatable.",
      "TIER=FILE, which holds one line user:password"),
    .init(.workers, "WORKERS", "number", "Threads, each with a loop of its own.", "1 to 256"),
    .init(
      .insecure, "INSECURE", "", "Listen beyond this machine although nobody is asked who they are.",
      "true or false"),
    .init(
      .sharePorts, "SHARE_PORTS", "on|off",
      "Listen on ports where another gateway of the same user does, which is to take its place.", "on or off"),
    .init(
      .tokens, "TOKENS", "file", "Who may do what: a line for each token, see docs/access-control.md.",
      "FILE of lines NAME sha256:HASH RIGHTS [KEY-PREFIX], as crossfade make-token makes them"),
    .init(
      .rateLimit, "RATE_LIMIT", "number",
      "Most requests a second of one client, over all workers; more are refused with 429; 0 = no limit.",
      "0 to 1000000"),
    .init(
      .rateBurst, "RATE_BURST", "number", "Most requests of one client at once.", "1 to 1000000"),
    .init(
      .rateLimitBy, "RATE_LIMIT_BY", "choice", "What counts as one client.",
      "one of " + list(RateLimitBy.allCases)),
    .init(
      .keyPrefix, "KEY_PREFIX", "text", "Stands before every key in the tiers; callers do not see it.",
      "1 to 249 bytes, none of them a space or a control character"),
    .init(
      .maximumValueSize, "MAX_VALUE_SIZE", "size", "The largest value that is taken.",
      "1 to 128MiB, in bytes or with KiB, MiB, kB, MB"),
    .init(
      .maximumKeys, "MAX_KEYS", "number", "Most keys of one multi-get and operations of one batch.",
      "1 to 100000"),
    .init(
      .maximumBatchSize, "MAX_BATCH_SIZE", "size",
      "Most bytes of a batch, and of the values in the answer to a batch or a multi-get.",
      "64KiB to 1GiB, in bytes or with KiB, MiB, kB, MB"),
    .init(
      .operationTimeout, "OPERATION_TIMEOUT", "duration", "For a request over all tiers.",
      "1ms to 10m, like 250ms or 1s"),
    .init(
      .nodeTimeout, "NODE_TIMEOUT", "duration", "For one node's answer; at most the operation timeout.",
      "1ms to 10m, like 250ms or 1s"),
    .init(
      .ejectAfter, "EJECT_AFTER", "number",
      "Node timeouts in a row after which a node is not asked until a probe succeeds.", "1 to 1000"),
    .init(
      .connectTimeout, "CONNECT_TIMEOUT", "duration", "For the connection to a node.",
      "1ms to 10m, like 250ms or 1s"),
    .init(
      .maximumConnections, "MAX_CONNECTIONS", "number", "Most client connections of one worker; more wait.",
      "1 to 1000000"),
    .init(
      .connectionsPerAddress, "MAX_CONNECTIONS_PER_ADDRESS", "number",
      "Most data connections of one client address; more are refused; 0 = no limit.", "0 to 1000000"),
    .init(
      .maximumInFlight, "MAX_IN_FLIGHT", "number",
      "Most requests of one worker that wait for an answer; more are refused with 503.", "1 to 1000000"),
    .init(
      .maximumBodyMemory, "MAX_BODY_MEMORY", "size",
      "Most bytes of bodies that one worker holds; more are refused with 503.",
      "64KiB to 1TiB, in bytes or with KiB, MiB, kB, MB"),
    .init(
      .connectionMemory, "CONNECTION_MEMORY", "size",
      "Of each client connection; a request's head takes about half of it at the most.",
      "4KiB to 1MiB, in bytes or with KiB, MiB, kB, MB"),
    .init(
      .headTimeout, "HEAD_TIMEOUT", "duration", "For a client to send a request's head; 0s = no limit.",
      "0s to 1h, like 500ms or 10s"),
    .init(
      .bodyTimeout, "BODY_TIMEOUT", "duration",
      "For a client to send a body, and a second for each 16KiB; 0s = no limit.",
      "0s to 1h, like 500ms or 10s"),
    .init(
      .writeTimeout, "WRITE_TIMEOUT", "duration",
      "For a client to read an answer, and a second for each 16KiB; 0s = no limit.",
      "0s to 1h, like 500ms or 10s"),
    .init(
      .idleTimeout, "IDLE_TIMEOUT", "duration",
      "For a client to begin its next request; 0s = no limit.", "0s to 24h, like 500ms or 60s"),
    .init(
      .drainDelay, "DRAIN_DELAY", "duration",
      "After SIGTERM, how long /readyz says no while all is still served.", "0s to 1h, like 500ms or 5s"),
    .init(
      .drainTimeout, "DRAIN_TIMEOUT", "duration", "For requests in flight to end after SIGTERM.",
      "0s to 1h, like 500ms or 10s"),
    .init(
      .logLevel, "LOG_LEVEL", "level", "The least important lines to log.",
      "one of " + list(Logger.Level.allCases)),
    .init(
      .logFormat, "LOG_FORMAT", "format", "What log lines are; auto = text on a terminal, else JSON.",
      "one of " + list(LogFormat.allCases)),
    .init(
      .accessLog, "ACCESS_LOG", "choice", "Which requests are logged when they are answered.",
      "one of " + list(AccessLog.allCases)),
    .init(
      .accessLogSample, "ACCESS_LOG_SAMPLE", "number",
      "Where requests are sampled, one of so many of a worker is logged, beside the errors.",
      "1 to 1000000000"),
    .init(
      .slowLog, "SLOW_LOG", "duration",
      "Requests that took as long are logged with what each tier took; 0s = none.",
      "0s to 10m, like 50ms or 1s"),
    .init(
      .logKeys, "LOG_KEYS", "on|off", "Lines about requests have their targets, which tell the keys.",
      "on or off"),
    .init(
      .serverTiming, "SERVER_TIMING", "on|off",
      "Say in every answer about one key what each tier took; off = where Prefer: timing asks for it.",
      "on or off"),
    .init(
      .corsOrigin, "CORS_ORIGINS", "origin",
      "Whose pages a browser lets use the data listener (CORS); repeatable.",
      "SCHEME://HOST[:PORT] as browsers send it, or * for all"),
  ]

  private static let rows = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0) })

  public static func of(_ name: SettingName) -> SettingDescription {
    guard let row = rows[name] else { preconditionFailure("no row for \(name.flag)") }
    return row
  }

  /// The default as it could be typed.
  public var defaultText: String {
    switch name {
    case .workers: "the number of cores"
    case .tierMode: TierMode.serving.rawValue
    case .wireProtocol: "auto"
    case .distribution: Distribution.default.rawValue
    case .tls: TLSChoice.off.rawValue
    case .weights: "1 each"
    case .labels: "their addresses"
    case .tlsAuthorities: "the system's"
    case .rateBurst: "those of a second"
    case .tlsKey, .httpsKey: "in the certificate's file"
    case .config, .httpsCertificate, .httpsClientAuthorities, .tlsCertificate, .credentials, .corsOrigin,
      .tokens, .keyPrefix:
      "none"
    default: Settings().texts(of: name).joined(separator: " ")
    }
  }

  private static func list<Choice: RawRepresentable<String>>(_ choices: [Choice]) -> String {
    choices.map(\.rawValue).joined(separator: ", ")
  }
}
