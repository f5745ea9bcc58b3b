// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// How hits of older tiers are copied to the primary.
public struct BackfillSettings: Hashable, Sendable {
  public var isEnabled = true
  /// For items whose server cannot tell their ttl (classic protocol). Never 0: a copy that never
  /// expires would outlive its original.
  public var assumedTTL = Exptime(seconds: 300)
  /// Larger values are not copied, in bytes.
  public var maximumLength = 1 << 20
  /// Items that expire sooner are not worth copying, in seconds.
  public var minimumTTL: UInt32 = 2
  /// Of all clients that share a `TierCoordination`; 0 = no limit.
  public var itemsPerSecond = 0
  /// Bytes of values, of all clients that share a `TierCoordination`; 0 = no limit.
  public var bytesPerSecond = 0

  public init() {}

  /// The ttl that a copy gets; nil when the item expires in this very second.
  func exptime(of item: Item) -> Exptime? {
    switch item.ttl {
    case .never: .never
    case .unknown: assumedTTL
    case .seconds(let seconds): seconds > 0 ? Exptime(seconds: UInt32(clamping: seconds)) : nil
    }
  }
}

/// What became of the backfills of one worker, since its start.
public struct BackfillCounts: Hashable, Sendable {
  public var stored: UInt64 = 0
  /// The primary had the key meanwhile.
  public var exists: UInt64 = 0
  public var tooLarge: UInt64 = 0
  /// Too little of its ttl was left.
  public var expired: UInt64 = 0
  /// The key was written a moment ago.
  public var suppressed: UInt64 = 0
  /// Another one of the same key was on its way.
  public var collapsed: UInt64 = 0
  /// Over the rate.
  public var limited: UInt64 = 0
  public var failed: UInt64 = 0

  public init() {}

  public static func + (left: BackfillCounts, right: BackfillCounts) -> BackfillCounts {
    var sum = left
    let counts: [WritableKeyPath<BackfillCounts, UInt64>] = [
      \.stored, \.exists, \.tooLarge, \.expired, \.suppressed, \.collapsed, \.limited, \.failed,
    ]
    for count in counts { sum[keyPath: count] += right[keyPath: count] }
    return sum
  }
}

/// Copies hits of older tiers to the primary: by `add`, so that it never overwrites, with the flags and
/// the ttl that is left, after the reader has been answered.
final class Backfill {
  private(set) var counts: BackfillCounts
  private let coordination: TierCoordination
  private let loop: EventLoop
  private let submit: (Command, Instant, @escaping Completion) -> Void
  private let timeout: Duration

  private var settings: BackfillSettings { coordination.backfill }

  /// - Parameter submit: sends a command to the primary.
  init(
    _ coordination: TierCoordination, timeout: Duration, loop: EventLoop, counts: BackfillCounts,
    submit: @escaping (Command, Instant, @escaping Completion) -> Void
  ) {
    self.coordination = coordination
    self.timeout = timeout
    self.counts = counts
    self.loop = loop
    self.submit = submit
  }

  /// An older tier had `item`: the ttl that its copy will have, or nil if none is to be made. Decided before
  /// the reader is answered, so that the answer can tell; after it, `add` must follow.
  func begin(_ item: Item, _ key: Key) -> Exptime? {
    guard settings.isEnabled else { return nil }
    guard item.value.count <= settings.maximumLength else { return count(\.tooLarge) }
    guard let exptime = settings.exptime(of: item), isWorthwhile(item.ttl) else { return count(\.expired) }
    switch coordination.writes.beginBackfill(key, now: loop.now) {
    case .suppressed: return count(\.suppressed)
    case .collapsed: return count(\.collapsed)
    case .granted: break
    }
    // Last, so that the rate is spent on what is copied alone.
    guard coordination.backfillRate.take(bytes: item.value.count, now: loop.now) else {
      coordination.writes.endBackfill(key)
      return count(\.limited)
    }
    return exptime
  }

  private func isWorthwhile(_ ttl: TimeToLive) -> Bool {
    if case .seconds(let seconds) = ttl { seconds >= Int64(settings.minimumTTL) } else { true }
  }

  private func count(_ refusal: WritableKeyPath<BackfillCounts, UInt64>) -> Exptime? {
    counts[keyPath: refusal] += 1
    return nil
  }

  /// Makes the copy that `begin` granted.
  func add(_ item: Item, _ key: Key, _ exptime: Exptime) {
    submit(.copy(of: item, key, exptime), loop.now + timeout) { [self] result in
      coordination.writes.endBackfill(key)
      switch result {
      case .success(.stored): counts.stored += 1
      case .success: counts.exists += 1
      case .failure(let error):
        if case .tooLarge = error.kind { counts.tooLarge += 1 } else { counts.failed += 1 }
      }
    }
  }
}

extension Command {
  /// Brings an item of an older tier to the primary. Writers of the key are held back until it is settled: an
  /// add that a hung server does later would undo the delete that went before it.
  static func copy(of item: Item, _ key: Key, _ exptime: Exptime) -> Command {
    var command = Command(key, .store(.add, value: item.value, flags: item.flags, exptime: exptime))
    command.mustSettle = true
    return command
  }
}
