// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Reactor

/// Makes each worker's client. Connections are a worker's own; the content of memory tiers is shared.
///
/// When tiers change another factory takes its place (docs/adr/0013): what stays the same in it, connections,
/// items of memory tiers and the ledgers, goes on.
struct NodeFactory: Sendable {
  let settings: Settings
  /// Counts up with each one that takes the place of another.
  let generation: Int
  /// What the workers must know of each other's writes.
  let coordination: TierCoordination
  /// By tier, also of those that are there no more: never used for another.
  private let ids: [String: Int]
  /// The tiers whose nodes are spoken to as before, so that those that stay keep their connections.
  private let unchanged: Set<String>
  /// By tier: a memory tier has one node.
  private let stores: [String: MemoryStore]
  /// By tier, for those with several nodes; the same for all workers.
  private let rings: [String: any Ring]
  /// By tier; the same for all workers.
  private let nodeSettings: [String: NodeSettings]

  /// Reads the files that the settings name. They could be read when the settings were; this may still
  /// fail, as they may have gone since.
  init(_ settings: Settings, succeeding former: NodeFactory? = nil) throws(StartError) {
    self.settings = settings
    generation = (former?.generation ?? -1) + 1
    coordination = NodeFactory.coordination(settings, former)
    ids = NodeFactory.ids(settings, former)
    unchanged = NodeFactory.unchanged(settings, former?.settings)
    var stores: [String: MemoryStore] = [:]
    for tier in settings.tiers {
      for case .memory(let bytes) in tier.nodes {
        // As memcached's -I: what the gateway takes from callers must fit.
        let itemSizeMax = max(1 << 20, settings.maximumValueLength)
        let store = former?.stores[tier.name]
        let isSame = store?.capacity == bytes && store?.itemSizeMax == itemSizeMax
        stores[tier.name] = isSame ? store : MemoryStore(capacity: bytes, itemSizeMax: itemSizeMax)
      }
    }
    self.stores = stores
    rings = settings.tiers.reduce(into: [:]) { rings, tier in
      // The settings were checked to make rings when they were read.
      do { rings[tier.name] = try tier.makeRing() } catch { preconditionFailure("\(tier): \(error)") }
    }
    var nodeSettings: [String: NodeSettings] = [:]
    for tier in settings.tiers {
      nodeSettings[tier.name] = try NodeFactory.nodeSettings(tier, settings)
    }
    self.nodeSettings = nodeSettings
  }

  private static func coordination(_ settings: Settings, _ former: NodeFactory?) -> TierCoordination {
    guard let former else {
      return TierCoordination(
        writes: WriteLedger(suppression: settings.backfillSuppression),
        invalidations: InvalidationLedger(capacity: settings.maximumOwed), backfill: settings.backfill)
    }
    return TierCoordination(succeeding: former.coordination, backfill: settings.backfill)
  }

  private static func ids(_ settings: Settings, _ former: NodeFactory?) -> [String: Int] {
    var ids = former?.ids ?? [:]
    for tier in settings.tiers where ids[tier.name] == nil { ids[tier.name] = ids.count }
    return ids
  }

  // What files say may be another thing than before, so with them all is made anew.
  private static func unchanged(_ settings: Settings, _ former: Settings?) -> Set<String> {
    guard let former, former.connectTimeout == settings.connectTimeout,
      former.nodeTimeout == settings.nodeTimeout, former.ejectAfter == settings.ejectAfter
    else { return [] }
    let same = settings.tiers.filter { tier in
      tier.tls == .off && tier.credentialsFile == nil
        && former.tiers.contains {
          $0.name == tier.name && $0.wireProtocol == tier.wireProtocol && $0.tls == .off
            && $0.credentialsFile == nil
        }
    }
    return Set(same.map(\.name))
  }

  private static func nodeSettings(
    _ tier: TierSettings, _ settings: Settings
  ) throws(StartError) -> NodeSettings {
    var node = NodeSettings()
    node.wireProtocol = tier.wireProtocol
    node.connectTimeout = settings.connectTimeout
    node.operationTimeout = settings.nodeTimeout
    node.ejectAfter = settings.ejectAfter
    do { node.tls = try tier.makeTLS() } catch {
      throw StartError(description: "TLS of the tier \(tier.name): \(error)")
    }
    do { node.credentials = try tier.makeCredentials() } catch {
      throw StartError(description: "the password of the tier \(tier.name): \(error.reason)")
    }
    return node
  }

  /// - Parameter predecessor: the worker's client of the factory before.
  func makeClient(loop: EventLoop, succeeding predecessor: FallbackClient? = nil) -> FallbackClient {
    let tiers = settings.tiers.map { tier in
      let former = predecessor?.tiers.first { $0.name == tier.name }
      let kept = unchanged.contains(tier.name) ? former?.cluster.nodes ?? [] : []
      let nodes = tier.nodes.map { makeNode($0, tier, kept, loop) }
      let cluster = rings[tier.name].map { Cluster(nodes: nodes, ring: $0) } ?? Cluster(nodes: nodes)
      return Tier(
        name: tier.name, cluster: cluster, counter: former?.counter ?? TierCounter(),
        isRead: tier.mode == .serving, id: ids[tier.name])
    }
    return FallbackClient(
      tiers: tiers, policy: settings.policy, operationTimeout: settings.operationTimeout,
      coordination: coordination, loop: loop, succeeding: predecessor)
  }

  /// What is owed to a tier, whether it is there now or was.
  func owed(to tier: String) -> InvalidationLedger.TierState {
    ids[tier].flatMap { coordination.invalidations.tiers[$0] } ?? .init()
  }

  private func makeNode(
    _ address: NodeAddress, _ tier: TierSettings, _ kept: [any Node], _ loop: EventLoop
  ) -> any Node {
    if stores[tier.name] == nil, let node = kept.first(where: { $0.name == "\(address)" }) { return node }
    if let store = stores[tier.name] { return MemoryNode(store: store, name: "\(address)") }
    guard let node = nodeSettings[tier.name] else { preconditionFailure("each tier has its settings") }
    return ServerNode(address, settings: node, loop: loop)
  }
}
