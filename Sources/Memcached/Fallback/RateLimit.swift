// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Synchronization

/// How fast all workers of a process together may copy: by items and by bytes.
///
/// Shared instead of divided: the kernel does not spread clients evenly over workers, and the share of one
/// that has none would be lost.
final class BackfillRate: Sendable {
  private let items: RateLimit
  private let bytes: RateLimit

  init(_ settings: BackfillSettings) {
    items = RateLimit(perSecond: settings.itemsPerSecond)
    bytes = RateLimit(perSecond: settings.bytesPerSecond)
  }

  /// Takes one item of so many bytes; false when there is no room for it now.
  func take(bytes length: Int, now: Instant) -> Bool {
    guard items.hasRoom(now: now), bytes.hasRoom(now: now) else { return false }
    items.take(1, now: now)
    bytes.take(length, now: now)
    return true
  }
}

/// A bucket that fills at a rate and holds one second of it.
///
/// What is in it is kept as the instant at which it was empty. It may be overdrawn, by an amount that is
/// larger than what is left and by others who look in the same instant; who comes later waits for that.
final class RateLimit: Sendable {
  private static let second: Int64 = 1_000_000_000

  private let perSecond: Int
  private let emptyAt = Atomic<Int64>(0)

  /// - Parameter perSecond: 0 = no limit.
  init(perSecond: Int) { self.perSecond = perSecond }

  func hasRoom(now: Instant) -> Bool {
    perSecond == 0 || emptyAt.load(ordering: .relaxed) < now.nanoseconds
  }

  func take(_ amount: Int, now: Instant) {
    if perSecond == 0 { return }
    let seconds = Double(amount) / Double(perSecond)
    let cost = Int64((seconds * Double(RateLimit.second)).rounded(.up))
    var last = emptyAt.load(ordering: .relaxed)
    while true {
      let next = max(last, now.nanoseconds - RateLimit.second) + cost
      let (isExchanged, seen) = emptyAt.compareExchange(
        expected: last, desired: next, ordering: .relaxed)
      if isExchanged { return }
      last = seen
    }
  }
}
