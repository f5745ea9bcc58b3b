// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a cache holds under a key.
///
/// The bytes come back exactly as they went in: never trimmed, decoded or interpreted.
public struct Item: Hashable, Sendable {
  public var value: [UInt8]
  /// 32 bits that belong to the client that wrote the item (protocol.txt, "Storage commands").
  public var flags: UInt32
  public var ttl: TimeToLive
  /// Nil when the item was read without asking for it.
  public var cas: CASToken?

  public init(value: [UInt8], flags: UInt32 = 0, ttl: TimeToLive = .unknown, cas: CASToken? = nil) {
    self.value = value
    self.flags = flags
    self.ttl = ttl
    self.cas = cas
  }
}

/// How long an item still lives.
public enum TimeToLive: Hashable, Sendable {
  /// The server cannot tell (classic protocol).
  case unknown
  case never
  /// Whole seconds that remain, never negative.
  case seconds(Int64)
}

/// A cas unique together with the life of the server process that gave it.
///
/// Every memcached counts cas from 1 and starts again with the process, so a bare number of one
/// server, or of one before and after a restart, can match an unrelated item of another. A node
/// compares `boot` first and answers *exists* when it is not its own.
public struct CASToken: Hashable, Sendable {
  /// The boot of a bare number, as other clients keep it: any node compares just the number. Nodes
  /// never give such tokens; use one only to do exactly what such a client would have done.
  public static let anyBoot: UInt64 = 0

  /// Identifies the node and the start of its process.
  public var boot: UInt64
  /// The 64-bit "cas unique" (protocol.txt).
  public var unique: UInt64

  public init(boot: UInt64, unique: UInt64) {
    self.boot = boot
    self.unique = unique
  }

  /// What a server told of an item. One that keeps no tokens (`memcached -C`) says 0 of each, and a tag made
  /// of that would be that of an item that never changes. Nil, too, where no token can be trusted: `anyBoot`.
  init?(boot: UInt64, toldUnique unique: UInt64?) {
    guard let unique, unique != 0, boot != CASToken.anyBoot else { return nil }
    self.init(boot: boot, unique: unique)
  }

  /// Whether a node with that boot may compare the number.
  func isOf(boot: UInt64) -> Bool { self.boot == boot || self.boot == CASToken.anyBoot }
}
