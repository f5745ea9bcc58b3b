// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Reactor

/// Makes each worker's client. Connections are a worker's own; the content of memory tiers is shared.
struct NodeFactory: Sendable {
  private let settings: Settings
  /// What the workers must know of each other's writes.
  private let coordination: TierCoordination
  /// By tier: a memory tier has one node.
  private let stores: [String: MemoryStore]
  /// By tier, for those with several nodes; the same for all workers.
  private let rings: [String: any Ring]
  /// By tier; the same for all workers.
  private let nodeSettings: [String: NodeSettings]

  /// Reads the files that the settings name. They could be read when the settings were; this may still
  /// fail, as they may have gone since.
  init(_ settings: Settings) throws(StartError) {
    self.settings = settings
    coordination = TierCoordination(
      writes: WriteLedger(suppression: settings.backfillSuppression),
      invalidations: InvalidationLedger(capacity: settings.maximumOwed), backfill: settings.backfill)
    var stores: [String: MemoryStore] = [:]
    for tier in settings.tiers {
      for case .memory(let bytes) in tier.nodes {
        // As memcached's -I: what the gateway takes from callers must fit.
        let itemSizeMax = max(1 << 20, settings.maximumValueLength)
        stores[tier.name] = MemoryStore(capacity: bytes, itemSizeMax: itemSizeMax)
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

  func makeClient(loop: EventLoop) -> FallbackClient {
    let tiers = settings.tiers.map { tier in
      let nodes = tier.nodes.map { makeNode($0, tier, loop) }
      let cluster = rings[tier.name].map { Cluster(nodes: nodes, ring: $0) } ?? Cluster(nodes: nodes)
      return Tier(name: tier.name, cluster: cluster)
    }
    return FallbackClient(
      tiers: tiers, policy: settings.policy, operationTimeout: settings.operationTimeout,
      coordination: coordination, loop: loop)
  }

  private func makeNode(_ address: NodeAddress, _ tier: TierSettings, _ loop: EventLoop) -> any Node {
    if let store = stores[tier.name] { return MemoryNode(store: store, name: "\(address)") }
    guard let node = nodeSettings[tier.name] else { preconditionFailure("each tier has its settings") }
    return ServerNode(address, settings: node, loop: loop)
  }
}
