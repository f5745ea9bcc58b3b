// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Synchronization

/// How hits of older tiers are copied to the primary.
public struct BackfillSettings: Hashable, Sendable {
  public var isEnabled = true
  /// For items whose server cannot tell their ttl (classic protocol). Never 0: a copy that never
  /// expires would outlive its original.
  public var unknownTTL = Exptime(seconds: 300)
  /// Larger values are not copied, in bytes.
  public var maximumLength = 1 << 20
  /// Items that expire sooner are not worth copying, in seconds.
  public var minimumTTL: Int64 = 2
  /// For one worker; 0 = no limit.
  public var itemsPerSecond = 0
  /// For one worker; 0 = no limit.
  public var bytesPerSecond = 0

  public init() {}

  /// The ttl that a copy gets; nil when the item expires in this very second.
  func exptime(of item: Item) -> Exptime? {
    switch item.ttl {
    case .never: .never
    case .unknown: unknownTTL
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
}

/// Copies hits of older tiers to the primary: by `add`, so that it never overwrites, with the flags and
/// the ttl that is left, after the reader has been answered.
final class Backfill {
  private(set) var counts = BackfillCounts()
  private let settings: BackfillSettings
  private let ledger: WriteLedger
  private let loop: EventLoop
  private let submit: (Command, Instant, @escaping Completion) -> Void
  private let timeout: Duration
  private var items: RateLimit
  private var bytes: RateLimit

  /// - Parameter submit: sends a command to the primary.
  init(
    settings: BackfillSettings, ledger: WriteLedger, timeout: Duration, loop: EventLoop,
    submit: @escaping (Command, Instant, @escaping Completion) -> Void
  ) {
    self.settings = settings
    self.ledger = ledger
    self.timeout = timeout
    self.loop = loop
    self.submit = submit
    items = RateLimit(perSecond: settings.itemsPerSecond)
    bytes = RateLimit(perSecond: settings.bytesPerSecond)
  }

  /// An older tier had `item`.
  func found(_ item: Item, _ key: Key) {
    guard settings.isEnabled else { return }
    guard item.value.count <= settings.maximumLength else { return counts.tooLarge += 1 }
    guard let exptime = settings.exptime(of: item), isWorthwhile(item.ttl) else { return counts.expired += 1 }
    guard items.take(1, now: loop.now), bytes.take(item.value.count, now: loop.now) else {
      return counts.limited += 1
    }
    switch ledger.beginBackfill(key, now: loop.now) {
    case .suppressed: counts.suppressed += 1
    case .collapsed: counts.collapsed += 1
    case .granted: add(item, key, exptime)
    }
  }

  private func isWorthwhile(_ ttl: TimeToLive) -> Bool {
    if case .seconds(let seconds) = ttl { seconds >= settings.minimumTTL } else { true }
  }

  private func add(_ item: Item, _ key: Key, _ exptime: Exptime) {
    let add = Command.Operation.store(.add, value: item.value, flags: item.flags, exptime: exptime)
    submit(Command(key, add), loop.now + timeout) { [self] result in
      ledger.endBackfill(key)
      switch result {
      case .success(.stored): counts.stored += 1
      case .success: counts.exists += 1
      case .failure(let error):
        if case .tooLarge = error.kind { counts.tooLarge += 1 } else { counts.failed += 1 }
      }
    }
  }
}

/// A bucket that fills at a rate and holds one second of it.
struct RateLimit {
  private let perSecond: Int
  private var available: Double
  private var filledAt = Instant(nanoseconds: 0)

  /// - Parameter perSecond: 0 = no limit.
  init(perSecond: Int) {
    self.perSecond = perSecond
    available = Double(perSecond)
  }

  /// Takes `amount` if there is any left; one that is larger than the bucket is let through when it is full.
  mutating func take(_ amount: Int, now: Instant) -> Bool {
    if perSecond == 0 { return true }
    let elapsed = Double(now.nanoseconds - filledAt.nanoseconds) / 1e9
    available = min(Double(perSecond), available + elapsed * Double(perSecond))
    filledAt = now
    if available <= 0 { return false }
    available -= Double(amount)
    return true
  }
}
