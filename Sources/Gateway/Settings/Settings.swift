// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Logging
import Memcached

/// Where to listen.
public enum ListenAddress: Hashable, Sendable {
  /// A name or a number without brackets; port 0 lets the kernel choose.
  case tcp(host: String, port: UInt16)
  /// The same with TLS.
  case https(host: String, port: UInt16)
  case unix(path: String)
}

/// What a tier is for.
public enum TierMode: String, Hashable, Sendable, CaseIterable {
  case serving
  /// Not read any more, though copies in it are still deleted: what an older tier is before it is taken away, so
  /// that it shows whether anybody misses it, and can be read again.
  case draining
}

/// Whether a tier's nodes are reached by TLS.
public enum TLSChoice: String, Hashable, Sendable, CaseIterable {
  case off, on
  /// TLS without a look at the certificate: whoever is on the way can read and change everything.
  case insecure
}

/// Which requests have a line in the log.
public enum AccessLog: String, Hashable, Sendable, CaseIterable {
  case off
  /// Those of status 400 and above, but 404 and 412, which are answers to a question.
  case errors
  /// One of many, and every error.
  case sampled
  case all
}

/// What counts as one client where requests are limited.
public enum RateLimitBy: String, Hashable, Sendable, CaseIterable {
  case token, address
}

/// One `--tier NAME=NODE[,NODE...]`, and what other settings say of that tier.
public struct TierSettings: Hashable, Sendable {
  public var name: String
  public var nodes: [NodeAddress]
  public var mode = TierMode.serving
  public var wireProtocol: ProtocolChoice
  /// How keys are divided over the nodes; says nothing for one node.
  public var distribution = Distribution.default
  /// One for each node, or none: then they are alike.
  public var weights: [Int] = []
  /// What other clients call the nodes: one for each, or none, where they go by their addresses.
  public var labels: [String] = []
  public var tls = TLSChoice.off
  /// Paths of files in PEM; nil = the system's authorities, no certificate, the certificate's file.
  public var tlsAuthorities: String?
  public var tlsCertificate: String?
  public var tlsKey: String?
  /// The path of a file with a line `user:password`. The password itself is never part of settings, which
  /// are printed.
  public var credentialsFile: String?

  public init(name: String, nodes: [NodeAddress], wireProtocol: ProtocolChoice = .auto) {
    self.name = name
    self.nodes = nodes
    self.wireProtocol = wireProtocol
  }
}

/// Everything that can be set, valid: made by flags, environment, file and defaults in that order.
///
/// The values that these properties start with are the defaults: `--help` and the resolver read them
/// from here, so that they are written down once.
public struct Settings: Hashable, Sendable {
  /// The file that was read beside flags and variables.
  public var configFile: String?
  public var listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 8080)]
  /// Empty = off.
  public var admin: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 8081)]
  /// The first is the primary. Without any, one in-process tier, so that nothing else need be installed.
  public var tiers: [TierSettings] = [TierSettings(name: "primary", nodes: [.memory(bytes: 64 << 20)])]
  public var policy: FallbackPolicy = .strict
  /// How hits of older tiers are copied to the primary, where the policy does so.
  public var backfill = BackfillSettings()
  /// For how long no copy of a key is made after a write of it; at least twice `longestWrite`.
  public var backfillSuppression: Duration = .seconds(5)
  /// Most copies of one older tier that are remembered as still to be deleted.
  public var maximumOwed = 100_000
  /// When it is time to go to the primary alone.
  public var migration = MigrationLimits()
  public var workers = Settings.coreCount
  /// Listening beyond this machine, where nobody is asked who they are, is meant.
  public var insecure = false
  /// Listening beside another gateway on the same ports is meant.
  public var sharesPorts = false
  /// The path of the file of tokens (`TokenFile`); nil = nobody is asked who they are.
  public var tokensFile: String?
  /// Requests a second of one client, in all workers together; 0 = as many as it likes.
  public var rateLimit = 0
  /// Most requests of one client at once; nil = those of a second.
  public var rateBurst: Int?
  public var rateLimitBy = RateLimitBy.address
  /// What stands before every key in the tiers.
  public var keyPrefix: KeyPrefix?
  /// Largest value in bytes that PUT, append and prepend take.
  public var maximumValueLength = 1 << 20
  /// Most keys of one `GET /keys?key=…`, and operations of one `POST /batch`.
  public var maximumKeysPerRequest = 1000
  /// Largest body of `POST /batch` in bytes, and the most that the values in an answer to many keys have
  /// together.
  public var maximumBatchLength = 8 << 20
  /// From a request's arrival to its answer, over all tiers.
  public var operationTimeout: Duration = .seconds(1)
  /// What one node gets of that; shorter, so that the next tier can still be asked.
  public var nodeTimeout: Duration = .milliseconds(250)
  /// After so many requests in a row that one node did not answer in its time it is ejected.
  public var ejectAfter = 3
  /// For the connection to a node.
  public var connectTimeout: Duration = .milliseconds(500)
  /// Client connections of one worker at one time; more wait in the backlog.
  public var maximumConnections = 10_000
  /// After which a client connection without a byte is closed, in whole seconds; zero = never.
  public var idleTimeout: Duration = .seconds(75)
  /// Client connections of one address, in all workers together; zero = as many as it likes.
  public var connectionsPerAddress = 0
  /// Requests of one worker that wait for an answer at one time; more are refused.
  public var maximumInFlight = 5_000
  /// Bytes of request bodies that one worker holds at one time; more are refused.
  public var maximumBodyMemory = 256 << 20
  /// Of a client connection: its request's head takes about half of it at the most.
  public var connectionMemory = 8 << 10
  /// How long a client may take for a request's head, for its body, and for the reading of the answer; zero =
  /// as long as it likes.
  public var headTimeout: Duration = .seconds(20)
  public var bodyTimeout: Duration = .seconds(30)
  public var writeTimeout: Duration = .seconds(30)
  /// How long new connections are still taken after the first SIGTERM, for load balancers to notice.
  public var drainDelay: Duration = .zero
  /// Paths of files in PEM: what is shown on the listeners that have TLS; nil = the certificate's file.
  public var httpsCertificate: String?
  public var httpsKey: String?
  /// The authorities of callers' certificates; nil = callers need none.
  public var httpsClientAuthorities: String?
  /// How long requests in flight may take to end after the first SIGTERM.
  public var drainTimeout: Duration = .seconds(10)
  public var logLevel: Logger.Level = .info
  public var logFormat = LogFormat.auto
  /// Which requests have a line of their own.
  public var accessLog = AccessLog.off
  /// One of so many requests of a worker, where they are sampled.
  public var accessLogSample = 100
  /// Requests that took as long have a line, whatever the access log says; zero = none.
  public var slowLog: Duration = .zero
  /// Whether lines about requests tell their targets, in which keys are.
  public var logKeys = false
  /// Whether every answer says what each tier took, as `Prefer: timing` asks for one.
  public var serverTiming = false
  /// Whose pages a browser lets read the answers (CORS): origins, or `*` alone for all; none by default.
  public var corsOrigins: [String] = []

  public init() {}

  /// Whether every caller has to say who they are, so that others may come near.
  var asksWhoCalls: Bool { tokensFile != nil }

  /// The longest that the steps of one write may take, whatever time its caller gives it (`Prefer: wait`):
  /// each step has at most the node's timeout, and a promotion asks the primary three times and every older
  /// tier twice.
  var longestWrite: Duration {
    max(operationTimeout, min(.seconds(Limits.longestWaitSeconds), nodeTimeout * (2 * tiers.count + 1)))
  }

  /// The cores that this process may use, cut to what `--workers` allows.
  static let coreCount = min(max(ProcessInfo.processInfo.activeProcessorCount, 1), 256)
}
