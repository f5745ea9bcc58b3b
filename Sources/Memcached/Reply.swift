// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a node answered. Only answers of a healthy server; everything else is a `MemcachedError`.
public enum Reply: Hashable, Sendable {
  case hit(Item)
  /// A hit of a look. Indirect: it is larger than all others, which are on the data path.
  indirect case seen(Sighting)
  /// The key is not there: for a get, and for delete, touch, cas, incr and decr of an absent key.
  case miss
  /// With the new token where the protocol returns it (meta).
  case stored(CASToken?)
  /// An add found the key, or a replace, append or prepend did not.
  case notStored
  /// The item changed since the token was read, or the server restarted.
  case exists
  case deleted
  case touched
  /// The new value of a counter, with the new token where the protocol returns it (meta).
  case counter(UInt64, CASToken?)
  /// incr or decr of a value that is not an unsigned 64-bit decimal number.
  case notNumeric
  /// flush_all was done.
  case flushed
  case version(String)
  case stats([Statistic])
  /// A noreply command was queued; nobody waits for what becomes of it.
  case accepted
}

/// One line of a server's statistics.
public struct Statistic: Hashable, Sendable {
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

extension Result<Reply, MemcachedError> {
  var isHit: Bool { if case .success(.hit) = self { true } else { false } }
}

/// How an operation ended. Called exactly once, on the loop's thread, maybe before `submit` returns.
public typealias Completion = (Result<Reply, MemcachedError>) -> Void
