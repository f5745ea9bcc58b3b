// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// A point on the monotonic clock (`CLOCK_MONOTONIC`), in nanoseconds.
///
/// Deadlines are instants, timeouts are `Duration`s. A plain 64-bit number, because the data path
/// compares instants several times a request and `ContinuousClock.Instant` is 128 bits wide.
public struct Instant: Comparable, Hashable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The clock's reading now. One call of the vDSO; on a loop prefer `EventLoop.now`, read once a turn.
  public static func current() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// Later than every instant a program will see.
  public static let distantFuture = Instant(nanoseconds: .max)

  public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  public static func + (instant: Instant, duration: Duration) -> Instant {
    let nanoseconds = duration.wholeNanoseconds
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(nanoseconds)
    return Instant(nanoseconds: overflow ? (nanoseconds < 0 ? .min : .max) : sum)
  }

  /// Cut off at the ends of `Int64`, as `distantFuture` may take part.
  public static func - (left: Instant, right: Instant) -> Duration {
    let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
    return .nanoseconds(overflow ? (left < right ? .min : .max) : difference)
  }

  /// Whole microseconds since then, cut off at the ends of `UInt32` (71 minutes). For what every request measures:
  /// neither instant is a distant one.
  @inlinable
  public func microseconds(since earlier: Instant) -> UInt32 {
    UInt32(clamping: (nanoseconds - earlier.nanoseconds) / 1_000)
  }
}

extension Duration {
  /// The duration in nanoseconds, cut off at the ends of `Int64` (292 years).
  public var wholeNanoseconds: Int64 {
    let attoseconds = self.attoseconds
    // Up to 18 seconds: a division of 64 bits in place of one of 128, ten times a request.
    if let few = UInt64(exactly: attoseconds) { return Int64(few / 1_000_000_000) }
    return Int64(clamping: attoseconds / 1_000_000_000)
  }
}
