// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Reactor
import Testing

@testable import Memcached

/// Random operations of two clients over three tiers, held against one perfect cache (`CacheModel`).
///
/// One at a time and without failures each reply must be the perfect cache's. What may differ else:
///
/// * A token of an older tier fits nowhere: cas and conditional delete with it change nothing and answer
///   that the item changed or, as the primary does not have it, that it is not there.
/// * A tier that fails is an error, or a miss of what only it has. Which of several older tiers' values
///   shows then depends on which could be asked, as long as nothing was written through us.
/// * What the primary evicts is a miss, or what an older tier has if nobody has written the key since.
/// * After a write that failed or whose answer was lost either value is possible, unless the failure says
///   that it was not applied; of a set or delete nothing, too, as the older copies go first.
/// * Writes that overlap may take effect in any order, and a read that overlaps one may miss: it asked the
///   primary before the item was brought there, and the older tiers after. Under `mirror` the loser's value
///   may stay in an older tier until the next write.
///
/// Time stands still while anything is on its way: a copy is made with the seconds that were left when
/// its original was read, and a second's delay is a second more.
///
/// In no case may a value show that was deleted or replaced by a write that had ended, or that has expired.
@Suite struct StrictModelTests {
  private static let rounds = 150
  private static let stepsPerRound = 150

  @Test(
    "one operation at a time over healthy tiers: every reply is the perfect cache's",
    arguments: [(UInt64(1), FallbackPolicy.strict), (2, .mirror)])
  func sequential(seed: UInt64, policy: FallbackPolicy) throws {
    try Self.run(seed, World.Conditions(policy: policy))
  }

  @Test(
    "tiers fail and come back: nothing deleted, replaced or expired shows",
    arguments: [(UInt64(3), FallbackPolicy.strict), (4, .mirror)])
  func failing(seed: UInt64, policy: FallbackPolicy) throws {
    try Self.run(seed, World.Conditions(policy: policy, mayFail: true))
  }

  @Test(
    "operations overlap in every way: nothing deleted, replaced or expired shows",
    arguments: [(UInt64(5), FallbackPolicy.strict), (6, .mirror)])
  func overlapping(seed: UInt64, policy: FallbackPolicy) throws {
    try Self.run(seed, World.Conditions(policy: policy, overlaps: true))
  }

  @Test(
    "operations overlap while tiers fail and come back: nothing deleted, replaced or expired shows",
    arguments: [(UInt64(7), FallbackPolicy.strict), (8, .mirror)])
  func overlappingAndFailing(seed: UInt64, policy: FallbackPolicy) throws {
    try Self.run(seed, World.Conditions(policy: policy, mayFail: true, overlaps: true))
  }

  private static func run(_ seed: UInt64, _ conditions: World.Conditions) throws {
    let loop = try EventLoop()
    for round in 0..<rounds {
      // Each round's own seed, so that the one that fails can be run alone.
      let world = try World(seed: seed << 32 | UInt64(round), conditions, loop)
      for _ in 0..<stepsPerRound where world.violation == nil { try world.step() }
      // The copies owed are tried again every 200 ms: too long to wait for in every round.
      try world.finish(untilNothingIsOwed: conditions.mayFail && round % 40 == 0)
      guard let violation = world.violation else { continue }
      let history = world.history.suffix(60).joined(separator: "\n")
      Issue.record("seed \(seed), round \(round): \(violation)\n\(history)")
      return
    }
  }
}

/// Two clients of three servers, and the model that they are held against.
private final class World {
  struct Conditions {
    var policy: FallbackPolicy
    var mayFail = false
    var overlaps = false
  }

  private typealias Reading = (token: CASToken?, tier: Int, changes: Int)

  private(set) var violation: String?
  private(set) var history: [String] = []
  private let conditions: Conditions
  private let loop: EventLoop
  private let clock = ManualClock()
  private let servers: [TroubledServer]
  private let nodes: [[SlowNode]]
  private let clients: [FallbackClient]
  private let coordination: TierCoordination
  private var random: RandomCommands
  private var model: CacheModel
  private var lastRead: [Key: Reading] = [:]
  private var underWay = 0

  init(seed: UInt64, _ conditions: Conditions, _ loop: EventLoop) throws {
    self.conditions = conditions
    self.loop = loop
    // One at a time no read can be slower than a write, so that nothing need be held back.
    let suppression: Duration = conditions.overlaps ? .seconds(5) : .zero
    let coordination = TierCoordination(writes: WriteLedger(suppression: suppression))
    let servers = ["new", "old", "older"].map { [clock] in TroubledServer($0, clock: clock) }
    let nodes = (0..<2).map { _ in servers.map(SlowNode.init) }
    clients = nodes.map { nodes in
      FallbackClient(
        tiers: nodes.map { Tier(name: $0.name, cluster: Cluster(nodes: [$0])) }, policy: conditions.policy,
        coordination: coordination, loop: loop)
    }
    (self.servers, self.nodes, self.coordination) = (servers, nodes, coordination)
    random = try RandomCommands(seed: seed, keyCount: 4, ttls: [0, 0, 3, 10, 60])
    model = CacheModel(mayFail: conditions.mayFail, isMirrored: conditions.policy == .mirror)
    try seedOlderTiers()
    if conditions.overlaps {
      for node in nodes.joined() { node.isSlow = { [unowned self] in random.chance(60) } }
    }
  }

  // What is there before the first operation: in one older tier, or, where the model does not have to
  // know which of them shows, in both.
  private func seedOlderTiers() throws {
    for key in random.keys where random.chance(75) {
      var versions: [CacheModel.Version] = []
      let tiers = conditions.mayFail && random.chance(50) ? [1, 2] : [random.number(in: 1..<3)]
      for tier in tiers {
        let (value, exptime) = (random.value(), random.exptime())
        let set = Command.Operation.store(.set, value: value, flags: 5, exptime: exptime)
        _ = try servers[tier].store.perform(Command(key, set)).get()
        versions.append(
          .init(value: value, flags: 5, expires: exptime == .never ? nil : Int64(exptime.seconds)))
        history.append("\(servers[tier].name) has \(versions)")
      }
      model.seed(key, versions)
    }
  }

  // MARK: Steps

  /// Lets one thing happen.
  func step() throws {
    if random.chance(8) { passTime() }
    if conditions.mayFail, random.chance(10) { changeHealth() }
    if random.chance(3) { evict(random.key()) }
    if conditions.overlaps { for _ in 0..<random.number(in: 0..<6) { advance() } }
    if !conditions.mayFail, !conditions.overlaps, random.chance(1) { return flush() }
    if underWay < 6 { operate() }
    if !conditions.overlaps { try settle() } else if random.chance(30) { try loop.turn(maxSleep: .zero) }
  }

  private func passTime() {
    guard underWay == 0, isIdle else { return }
    let seconds = Int64(random.number(in: 1..<5))
    clock.advance(by: .seconds(seconds))
    model.now += seconds
    history.append("\(seconds) s pass")
  }

  private func changeHealth() {
    let server = servers[random.number(in: 0..<3)]
    server.trouble = random.chance(60) ? .none : random.chance(50) ? .down : .deaf
    history.append("\(server.name): \(server.trouble)")
  }

  // The primary needs its memory for something else.
  private func evict(_ key: Key) {
    guard model.overlapCount(of: key) < 4 else { return }
    history.append("\(key) is evicted")
    _ = servers[0].store.perform(Command(key, .delete(ifUnchanged: nil)))
    model.mayHaveLost(key)
  }

  private func advance() {
    nodes[random.number(in: 0..<2)][random.number(in: 0..<3)].advance(answersFirst: random.chance(50))
  }

  private func flush() {
    history.append("flush_all of all tiers")
    clients[0].flushAll(tiers: servers.map(\.name)) { _ in }
    model.flushed()
  }

  private var isIdle: Bool { nodes.joined().allSatisfy(\.isIdle) }

  // MARK: Operations

  private func operate() {
    let key = random.key()
    let read = lastRead[key]
    let operation = random.operation(token: read?.token)
    let client = random.number(in: 0..<2)
    underWay += 1
    if case .get = operation { return self.read(key, operation, client) }
    // What overlaps is judged together, in all its orders: not more than can be counted.
    guard model.overlapCount(of: key) < 4 else { return underWay -= 1 }
    let isFresh = read.map { $0.tier == 0 && $0.changes == model.changes(of: key) }
    let isCertain = !conditions.mayFail && !conditions.overlaps
    let id = model.beginWrite(key, operation, isFresh: isCertain ? isFresh : nil)
    history.append("\(id): client \(client) begins \(describe(operation)) of \(key)")
    clients[client].perform(key, operation) { [self] answer in
      underWay -= 1
      history.append("\(id): \(answer.result)")
      note(model.endWrite(id, key, answer.result), id)
    }
  }

  private func read(_ key: Key, _ operation: Command.Operation, _ client: Int) {
    let id = model.beginRead(key)
    let isPromotion = random.chance(30)
    history.append("\(id): client \(client) begins \(isPromotion ? "promote" : "get") of \(key)")
    let completion = { [self] (answer: Answer) in
      underWay -= 1
      history.append("\(id): \(describe(answer)) ")
      note(model.endRead(id, answer.result), id)
      if case .success(.hit(let item)) = answer.result {
        lastRead[key] = (item.cas, answer.tier, model.changes(of: key))
      }
    }
    if isPromotion { return clients[client].promote(key, completion: completion) }
    clients[client].perform(key, operation, completion: completion)
  }

  private func note(_ violation: String?, _ id: Int) {
    if self.violation == nil { self.violation = violation.map { "operation \(id): \($0)" } }
  }

  private func describe(_ operation: Command.Operation) -> String {
    guard case .store(let mode, let value, let flags, let exptime) = operation else { return "\(operation)" }
    return "\(mode) \(String(decoding: value, as: UTF8.self)) flags \(flags) ttl \(exptime.seconds)"
  }

  private func describe(_ answer: Answer) -> String {
    guard case .success(.hit(let item)) = answer.result else { return "\(answer.result)" }
    return "tier \(answer.tier): \(String(decoding: item.value, as: UTF8.self)) ttl \(item.ttl)"
  }

  // MARK: The end

  // Until nothing is on its way. A write that waited for a backfill goes on in a turn of the loop.
  private func settle() throws {
    while underWay > 0 || !isIdle {
      for node in nodes.joined() { node.advance(answersFirst: true) }
      try loop.turn(maxSleep: .zero)
    }
  }

  /// Ends what is under way, and looks at every key in healthy tiers.
  func finish(untilNothingIsOwed: Bool) throws {
    try settle()
    for server in servers { server.trouble = .none }
    while untilNothingIsOwed, !coordination.invalidations.tiers.isEmpty, violation == nil {
      try settle()
      try loop.turn(maxSleep: .milliseconds(20))
    }
    for key in random.keys where violation == nil {
      underWay += 1
      read(key, .get(isPeek: false), 0)
      try settle()
    }
    for client in clients { client.close() }
  }
}
