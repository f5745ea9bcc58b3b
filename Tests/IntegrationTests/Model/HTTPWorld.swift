// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import MemcachedTesting

/// Clients of the real program between two tiers of three real servers, and the model that what they see is
/// held against. All of it on one thread: a client that is not waited for has its request under way.
final class HTTPWorld {
  /// What happens to the servers.
  enum Trouble: String, Sendable {
    case none = "servers are well"
    /// They are killed, and come back empty.
    case kills = "servers are killed"
    /// They are stopped, and go on with all that they had.
    case stops = "servers are stopped"
  }

  struct Conditions: Sendable, CustomStringConvertible {
    var policy: FallbackPolicy
    var trouble = Trouble.none
    /// Several clients ask at the same time.
    var overlaps = false

    var description: String {
      "\(policy.rawValue), \(trouble.rawValue), \(overlaps ? "overlapping" : "one at a time")"
    }
  }

  /// What has been done.
  struct Counts: CustomStringConvertible {
    var operations = 0
    var conditional = 0
    var failures = 0
    /// Hits in the older tier, and answers that an item is the known one.
    var older = 0
    var notModified = 0
    var evictions = 0
    var troubles = 0

    var description: String {
      "\(operations) requests (\(conditional) conditional, \(failures) failed, \(older) older hits, "
        + "\(notModified) not modified), \(evictions) evictions, nodes away \(troubles) times"
    }

    static func += (left: inout Counts, right: Counts) {
      let counts: [WritableKeyPath<Counts, Int>] = [
        \.operations, \.conditional, \.failures, \.older, \.notModified, \.evictions, \.troubles,
      ]
      for count in counts { left[keyPath: count] += right[keyPath: count] }
    }
  }

  enum UnderWay {
    case read(Int, HTTPOperation)
    case write(Int, HTTPOperation)
    case many([(id: Int, key: Key)])
  }

  struct Client {
    let http: RawHTTP
    var underWay: UnderWay?
    /// When its request was sent, by `time`.
    var began = 0
  }

  /// From when to when a node of the primary was away; nil = still.
  struct Absence {
    var node: Int
    var start: Int
    var end: Int?
  }

  private(set) var violation: String?
  var history: [String] = []
  var counts = Counts()
  let clusters: TwoClusters
  let conditions: Conditions
  var clients: [Client]
  var random: RandomCommands
  var model: CacheModel
  var known: [Key: KnownItem] = [:]
  /// By tier, the node that is away.
  var away: [Int?] = [nil, nil]
  var absences: [Absence] = []
  /// Goes on with everything that happens.
  var time = 0
  let round: Int

  /// Starts anew on keys that nobody has used.
  init(_ clusters: TwoClusters, _ conditions: Conditions, seed: UInt64, round: Int) throws {
    (self.clusters, self.conditions, self.round) = (clusters, conditions, round)
    clients = try (0..<6).map { _ in Client(http: try RawHTTP(clusters.gateway.address)) }
    // Few, so that requests meet. More where old copies have to be left that nobody has written over yet.
    random = try RandomCommands(
      seed: seed << 32 | UInt64(round), keyCount: conditions.trouble == .stops ? 24 : 9,
      ttls: [0, 1_000, 5_000], named: "s\(seed)-r\(round)-")
    model = CacheModel(
      mayFail: conditions.trouble != .none, isMirrored: conditions.policy == .mirror,
      mayShorten: conditions.overlaps, slack: 120)
    for key in random.keys where random.chance(75) { try seedOlderTier(key) }
  }

  // What applications once put into the old cluster.
  private func seedOlderTier(_ key: Key) throws {
    let (value, exptime) = (random.value(), random.exptime())
    let text = String(decoding: value, as: UTF8.self)
    try clusters.store(.old, key.description, text, flags: 5, ttl: Int(exptime.seconds))
    model.seed(
      key, [.init(value: value, flags: 5, expires: exptime == .never ? nil : Int64(exptime.seconds))])
    history.append("old has \(text) under \(key)")
  }

  /// Lets one thing happen.
  func step() throws {
    time += 1
    if random.chance(4) { try evict(random.key()) }
    if conditions.trouble != .none, random.chance(6) { try changeHealth() }
    if conditions.trouble == .none, !conditions.overlaps, random.chance(1) { try flush() }
    let client = random.number(in: 0..<clients.count)
    if clients[client].underWay != nil { return try end(client) }
    if random.chance(5) {
      try beginMany(client)
    } else {
      try beginAny(client)
    }
    if !conditions.overlaps { try end(client) }
  }

  func note(_ violation: String?) { if self.violation == nil { self.violation = violation } }

  // MARK: The end

  /// Ends what is under way, brings the servers back, and looks at every key: as things are, and once more
  /// when the primary has lost them all, so that whatever an older tier has must show.
  func finish() throws {
    for client in clients.indices where clients[client].underWay != nil { try end(client) }
    for side in TwoClusters.Side.allCases { try bringBack(side) }
    for side in TwoClusters.Side.allCases { try clusters.waitUntilNothingIsOwed(to: side) }
    for key in random.keys { try look(at: key) }
    for key in random.keys { try evict(key) }
    for key in random.keys { try look(at: key) }
    try checkPlaces()
  }

  private func look(at key: Key) throws {
    // Where a node has little time, a slow machine may make it late once more.
    for _ in 0..<(conditions.trouble == .stops ? 10 : 1) {
      let failures = counts.failures
      try begin(0, key, .get(isPeek: false))
      try end(0)
      if counts.failures == failures { return }
    }
    note("\(key) cannot be read although all servers are back")
  }

  // No key may be on a node that is not its own, whichever nodes were away.
  private func checkPlaces() throws {
    for side in TwoClusters.Side.allCases {
      for (key, nodes) in try clusters.places(of: random.keys.map(\.description), in: side) {
        let own = try clusters.node(of: key, in: side)
        if nodes != [own] { note("\(key) belongs to \(side.name) node \(own) and is on \(nodes)") }
      }
    }
  }
}
