// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// A `FallbackClient` for Swift programs that `await`: it owns a thread with a loop, and may be called
/// from anywhere. Each verb is the closure face's, one line; failures are thrown as `MemcachedError`.
///
///     let cache = try AsyncFallbackClient(tiers: [
///       (name: "new", node: .tcp(host: "10.0.0.7", port: 11211)),
///       (name: "old", node: .tcp(host: "10.0.0.3", port: 11211)),
///     ])
///     let item = try await cache.get(Key("user:42"))
public final class AsyncFallbackClient: Sendable {
  private let client: LoopBound<FallbackClient>

  /// Starts the thread and begins to connect. A node that cannot be reached is no error here.
  /// - Parameter tiers: the primary first; nodes are servers, not `memory`.
  public convenience init(
    tiers: [(name: String, node: NodeAddress)], policy: FallbackPolicy = .strict,
    settings: NodeSettings = NodeSettings(), operationTimeout: Duration = .seconds(1)
  ) throws(SystemError) {
    try self.init(policy: policy, operationTimeout: operationTimeout) { loop in
      tiers.map { tier in
        let node = ServerNode(tier.node, settings: settings, loop: loop)
        return Tier(name: tier.name, cluster: Cluster(nodes: [node]))
      }
    }
  }

  /// As above, with tiers of several servers each. Throws a `RingError`, too.
  /// - Parameter clusters: the primary first; `distribution` has to be that of a cluster's other clients.
  public convenience init(
    clusters: [(name: String, nodes: [NodeAddress], distribution: Distribution)],
    policy: FallbackPolicy = .strict, settings: NodeSettings = NodeSettings(),
    operationTimeout: Duration = .seconds(1)
  ) throws {
    let rings = try clusters.map { try $0.distribution.ring(of: $0.nodes.map { RingNode($0) }) }
    try self.init(policy: policy, operationTimeout: operationTimeout) { loop in
      zip(clusters, rings).map { tier, ring in
        let nodes = tier.nodes.map { ServerNode($0, settings: settings, loop: loop) }
        return Tier(name: tier.name, cluster: Cluster(nodes: nodes, ring: ring))
      }
    }
  }

  private init(
    policy: FallbackPolicy, operationTimeout: Duration, makeTiers: (EventLoop) -> [Tier]
  ) throws(SystemError) {
    let loop = try EventLoop()
    let parts = makeTiers(loop)
    let client = FallbackClient(tiers: parts, policy: policy, operationTimeout: operationTimeout, loop: loop)
    self.client = LoopBound(client, on: loop)
    let bound = LoopBound(loop, on: loop)
    try startThread(named: "memcached") { AsyncFallbackClient.run(bound) }
  }

  private static func run(_ bound: LoopBound<EventLoop>) {
    let loop = bound.use()
    do { try loop.run() } catch { fatalError("the event loop failed: \(error)") }
    loop.closeMailbox()
  }

  /// Ends all connections and the thread. Calls after it fail with `.closed`.
  public func close() {
    client.post { client in
      client.close()
      client.stopLoop()
    }
  }

  // MARK: Verbs

  public func get(_ key: Key) async throws(MemcachedError) -> Item? {
    try await answer { $0.get(key, completion: $1) }.item
  }

  public func gets(_ key: Key) async throws(MemcachedError) -> Item? {
    try await answer { $0.gets(key, completion: $1) }.item
  }

  /// As `gets`, with an item that only an older tier has brought to the primary first.
  public func promote(_ key: Key) async throws(MemcachedError) -> Item? {
    try await answer { $0.promote(key, completion: $1) }.item
  }

  /// The items found, by key.
  public func getMany(_ keys: [Key]) async throws(MemcachedError) -> [Key: Item] {
    try await items(keys) { $0.getMany(keys, completion: $1) }
  }

  /// The items found, by key.
  public func getsMany(_ keys: [Key]) async throws(MemcachedError) -> [Key: Item] {
    try await items(keys) { $0.getsMany(keys, completion: $1) }
  }

  @discardableResult
  public func set(
    _ key: Key, _ value: [UInt8], flags: UInt32 = 0, exptime: Exptime = .never, noreply: Bool = false
  ) async throws(MemcachedError) -> Reply {
    try await answer {
      $0.set(key, value, flags: flags, exptime: exptime, .init(noreply: noreply), completion: $1)
    }
  }

  @discardableResult
  public func add(
    _ key: Key, _ value: [UInt8], flags: UInt32 = 0, exptime: Exptime = .never, noreply: Bool = false
  ) async throws(MemcachedError) -> Reply {
    try await answer {
      $0.add(key, value, flags: flags, exptime: exptime, .init(noreply: noreply), completion: $1)
    }
  }

  @discardableResult
  public func replace(
    _ key: Key, _ value: [UInt8], flags: UInt32 = 0, exptime: Exptime = .never, noreply: Bool = false
  ) async throws(MemcachedError) -> Reply {
    try await answer {
      $0.replace(key, value, flags: flags, exptime: exptime, .init(noreply: noreply), completion: $1)
    }
  }

  @discardableResult
  public func append(_ key: Key, _ value: [UInt8], noreply: Bool = false) async throws(MemcachedError)
    -> Reply
  {
    try await answer { $0.append(key, value, .init(noreply: noreply), completion: $1) }
  }

  @discardableResult
  public func prepend(_ key: Key, _ value: [UInt8], noreply: Bool = false) async throws(MemcachedError)
    -> Reply
  {
    try await answer { $0.prepend(key, value, .init(noreply: noreply), completion: $1) }
  }

  @discardableResult
  public func cas(
    _ key: Key, _ value: [UInt8], token: CASToken, flags: UInt32 = 0, exptime: Exptime = .never,
    noreply: Bool = false
  ) async throws(MemcachedError) -> Reply {
    try await answer {
      $0.cas(
        key, value, token: token, flags: flags, exptime: exptime, .init(noreply: noreply), completion: $1)
    }
  }

  @discardableResult
  public func delete(
    _ key: Key, ifUnchanged token: CASToken? = nil, noreply: Bool = false
  ) async throws(MemcachedError) -> Reply {
    try await answer { $0.delete(key, ifUnchanged: token, .init(noreply: noreply), completion: $1) }
  }

  @discardableResult
  public func incr(_ key: Key, by delta: UInt64 = 1, noreply: Bool = false) async throws(MemcachedError)
    -> Reply
  {
    try await answer { $0.incr(key, by: delta, .init(noreply: noreply), completion: $1) }
  }

  @discardableResult
  public func decr(_ key: Key, by delta: UInt64 = 1, noreply: Bool = false) async throws(MemcachedError)
    -> Reply
  {
    try await answer { $0.decr(key, by: delta, .init(noreply: noreply), completion: $1) }
  }

  @discardableResult
  public func touch(_ key: Key, exptime: Exptime, noreply: Bool = false) async throws(MemcachedError) -> Reply
  {
    try await answer { $0.touch(key, exptime: exptime, .init(noreply: noreply), completion: $1) }
  }

  public func stats(_ argument: String = "") async throws(MemcachedError) -> [TierAnswers] {
    try await call { $0.stats(argument, completion: $1) }
  }

  public func version() async throws(MemcachedError) -> [TierAnswers] {
    try await call { $0.version(completion: $1) }
  }

  public func flushAll(
    tiers: [String]? = nil, delaySeconds: UInt32 = 0
  ) async throws(MemcachedError) -> [TierAnswers] {
    try await call { $0.flushAll(tiers: tiers, delaySeconds: delaySeconds, completion: $1) }
  }

  // MARK: Across the threads

  private func answer(
    _ body: @escaping @Sendable (FallbackClient, @escaping (Answer) -> Void) -> Void
  ) async throws(MemcachedError) -> Reply {
    try await call(body).result.get()
  }

  private func items(
    _ keys: [Key], _ body: @escaping @Sendable (FallbackClient, @escaping ([Answer]) -> Void) -> Void
  ) async throws(MemcachedError) -> [Key: Item] {
    var items: [Key: Item] = [:]
    for (key, answer) in zip(keys, try await call(body)) { items[key] = try answer.result.get().item }
    return items
  }

  private func call<Value: Sendable>(
    _ body: @escaping @Sendable (FallbackClient, @escaping (Value) -> Void) -> Void
  ) async throws(MemcachedError) -> Value {
    let value = await withCheckedContinuation { (continuation: CheckedContinuation<Value?, Never>) in
      let isPosted = client.post { client in body(client) { continuation.resume(returning: $0) } }
      if !isPosted { continuation.resume(returning: nil) }
    }
    guard let value else { throw MemcachedError(.closed, "the client was closed") }
    return value
  }
}

extension Reply {
  /// The item of a hit.
  public var item: Item? {
    if case .hit(let item) = self { item } else { nil }
  }
}
