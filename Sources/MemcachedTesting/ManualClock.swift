// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Synchronization

/// A clock that a test puts forward, so that nothing has to be waited for.
///
///     let clock = ManualClock()
///     let store = MemoryStore(capacity: 1 << 20, now: clock.read)
///     clock.advance(by: .seconds(60))
public final class ManualClock: Sendable {
  private let now = Mutex(Instant(nanoseconds: 1_000_000_000))

  public init() {}

  @Sendable public func read() -> Instant { now.withLock { $0 } }

  public func advance(by duration: Duration) { now.withLock { $0 = $0 + duration } }
}
