// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// The settings by the names of their flags.
public enum SettingName: String, Hashable, Sendable, CaseIterable {
  case config
  case listen, admin, tier, policy, backfill
  case backfillItems = "backfill-items-per-second"
  case backfillBytes = "backfill-bytes-per-second"
  case backfillMaximumSize = "backfill-max-size"
  case backfillMinimumTTL = "backfill-min-ttl"
  case backfillAssumedTTL = "backfill-assumed-ttl"
  case backfillSuppression = "backfill-suppression"
  case maximumOwed = "max-owed"
  case migrationWindow = "migration-window"
  case migrationMaximumOlderHits = "migration-max-older-hits"
  case migrationMinimumReads = "migration-min-reads"
  case distribution, weights, labels
  case tierMode = "mode"
  case wireProtocol = "protocol"
  case tls
  case tlsAuthorities = "tls-ca"
  case tlsCertificate = "tls-certificate"
  case tlsKey = "tls-key"
  case credentials = "auth"
  case httpsCertificate = "https-certificate"
  case httpsKey = "https-key"
  case httpsClientAuthorities = "https-client-ca"
  case workers, insecure, tokens
  case sharePorts = "share-ports"
  case keyPrefix = "key-prefix"
  case rateLimit = "rate-limit"
  case rateBurst = "rate-burst"
  case rateLimitBy = "rate-limit-by"
  case maximumValueSize = "max-value-size"
  case maximumKeys = "max-keys"
  case maximumBatchSize = "max-batch-size"
  case operationTimeout = "operation-timeout"
  case nodeTimeout = "node-timeout"
  case ejectAfter = "eject-after"
  case connectTimeout = "connect-timeout"
  case maximumConnections = "max-connections"
  case connectionsPerAddress = "max-connections-per-address"
  case maximumInFlight = "max-in-flight"
  case maximumBodyMemory = "max-body-memory"
  case connectionMemory = "connection-memory"
  case headTimeout = "head-timeout"
  case bodyTimeout = "body-timeout"
  case writeTimeout = "write-timeout"
  case idleTimeout = "idle-timeout"
  case drainDelay = "drain-delay"
  case drainTimeout = "drain-timeout"
  case logLevel = "log-level"
  case logFormat = "log-format"
  case accessLog = "access-log"
  case accessLogSample = "access-log-sample"
  case slowLog = "slow-log"
  case logKeys = "log-keys"
  case serverTiming = "server-timing"
  case corsOrigin = "cors-origin"

  public var flag: String { "--" + rawValue }
}
