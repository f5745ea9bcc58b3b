// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// A ttl as callers give it: whole seconds from now, 0 = never expires.
///
/// On the wire an *exptime* above 30 days means a date (protocol.txt, "Expiration times"), and a
/// negative one "already expired"; `wireValue(unixTime:)` does the conversion, in this one place.
public struct Exptime: Hashable, Sendable {
  public static let never = Exptime(seconds: 0)
  /// 30 days, the longest time that memcached takes as relative.
  public static let longestRelative: Int64 = 2_592_000

  public var seconds: UInt32

  public init(seconds: UInt32) { self.seconds = seconds }

  /// The number to send: relative up to 30 days, above that the absolute Unix time.
  public func wireValue(unixTime: Int64) -> Int64 {
    Int64(seconds) <= Exptime.longestRelative ? Int64(seconds) : unixTime + Int64(seconds)
  }
}

/// How a store treats what is there (protocol.txt, "Storage commands"; meta `ms` mode switch).
public enum StoreMode: Hashable, Sendable {
  case set
  /// Only if the key is absent.
  case add
  /// Only if the key is present.
  case replace
  /// To the end of a value that is present. Its flags and ttl stay, those given are ignored.
  case append
  /// To the front of a value that is present. Its flags and ttl stay, those given are ignored.
  case prepend
  /// Only if the item is unchanged since the token was read.
  case cas(CASToken)
}

/// One memcached operation, whatever protocol carries it.
public struct Command: Hashable, Sendable {
  public enum Operation: Hashable, Sendable {
    /// Value, flags, cas and, where the protocol has it, ttl. `isPeek`: do not count as an access
    /// where the server allows that (meta flag `u`).
    case get(isPeek: Bool)
    /// As a peek, and what the server knows of its use: whether it was read, and when last (meta flags `h`,
    /// `l`). In the classic protocol it is a `gets`, which counts as an access.
    case look
    case store(StoreMode, value: [UInt8], flags: UInt32, exptime: Exptime)
    /// With a token: only if unchanged (meta `md … C`; not possible in the classic protocol).
    case delete(ifUnchanged: CASToken?)
    /// Unsigned 64-bit; wraps at 2^64.
    case increment(delta: UInt64)
    /// Unsigned 64-bit; stops at 0.
    case decrement(delta: UInt64)
    case touch(exptime: Exptime)
    /// The rest have no key: they concern the whole server.
    case flushAll(delaySeconds: UInt32)
    /// `argument`: `""` for general statistics, or one that the server knows (`settings`, `items` …).
    case stats(argument: String)
    case version
  }

  /// Nil exactly for the operations that concern the whole server.
  public let key: Key?
  public let operation: Operation
  /// The caller does not wait for the outcome: it completes with `.accepted` once the command is queued.
  public var noreply: Bool
  /// The completion is not called at the deadline but once the outcome is settled: with the server's reply,
  /// or when it has closed its end of the connection and so can no longer do it.
  public var mustSettle = false

  public init(_ key: Key, _ operation: Operation, noreply: Bool = false) {
    self.key = key
    self.operation = operation
    self.noreply = noreply
  }

  /// A command to a whole server.
  public init(_ operation: Operation, noreply: Bool = false) {
    self.key = nil
    self.operation = operation
    self.noreply = noreply
  }

  /// Whether it changes anything: decides what a lost reply means (`WriteOutcome`).
  public var isWrite: Bool {
    switch operation {
    case .get, .look, .stats, .version: false
    case .store, .delete, .increment, .decrement, .touch, .flushAll: true
    }
  }
}
