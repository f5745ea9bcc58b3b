// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// What the daemon has to know of each connection, by descriptor: an array, since descriptors are small
/// numbers, so that a request costs it a few stores.
///
///     fresh ─line─► head ─► body ─► waiting ─► sending ─► idle ─line─► head …
///
/// A change is counted, not timed. The sweep (ConnectionSweep.swift) looks at all connections once in a
/// while, and those whose count stands still have been in their phase since it last saw a change.
struct ConnectionTable {
  enum Phase: UInt8 {
    case closed
    /// It has not had a request.
    case fresh
    /// It has had one, and has not begun another.
    case idle
    case head, body, waiting, sending
  }

  private struct Entry {
    var phase = Phase.closed
    /// The loop tells when its client ends it.
    var isWatched = false
    /// The sweep has ended it.
    var isOverdue = false
    var changes: UInt32 = 0
    /// The sweep's: what `changes` was, and since when.
    var seen: UInt32 = 0
    var since = Instant.distantFuture
    /// Of a body that has come, or of an answer that goes.
    var bytes = 0
  }

  private var entries: [Entry] = []

  // MARK: A connection's way

  mutating func open(_ descriptor: Int32) {
    while entries.count <= Int(descriptor) { entries.append(Entry()) }
    entries[Int(descriptor)].isWatched = false
    entries[Int(descriptor)].isOverdue = false
    move(descriptor, to: .fresh)
  }

  mutating func close(_ descriptor: Int32) { move(descriptor, to: .closed) }

  /// A request line is here. On a fresh connection the time runs since it was opened.
  mutating func begin(_ descriptor: Int32) {
    if entries[Int(descriptor)].phase == .fresh {
      entries[Int(descriptor)].phase = .head
    } else {
      move(descriptor, to: .head)
    }
  }

  /// A body is coming.
  mutating func receive(_ descriptor: Int32) { move(descriptor, to: .body) }
  mutating func received(_ descriptor: Int32, total: Int) { entries[Int(descriptor)].bytes = total }
  mutating func wait(_ descriptor: Int32) { move(descriptor, to: .waiting) }
  mutating func send(_ descriptor: Int32, bytes: Int) { move(descriptor, to: .sending, bytes: bytes) }
  mutating func end(_ descriptor: Int32) { move(descriptor, to: .idle) }

  @inline(__always)
  private mutating func move(_ descriptor: Int32, to phase: Phase, bytes: Int = 0) {
    entries[Int(descriptor)].phase = phase
    entries[Int(descriptor)].bytes = bytes
    entries[Int(descriptor)].changes &+= 1
  }

  // MARK: Questions

  mutating func noteWatched(_ descriptor: Int32, _ isWatched: Bool) {
    entries[Int(descriptor)].isWatched = isWatched
  }

  func isWatched(_ descriptor: Int32) -> Bool { entries[Int(descriptor)].isWatched }
  func isOverdue(_ descriptor: Int32) -> Bool { entries[Int(descriptor)].isOverdue }
  func isFresh(_ descriptor: Int32) -> Bool { entries[Int(descriptor)].phase == .fresh }
  func isOpen(_ descriptor: Int32) -> Bool { entries[Int(descriptor)].phase != .closed }

  /// The open connections without a request.
  var idle: [Int32] {
    entries.indices.filter { [.idle, .fresh].contains(entries[$0].phase) }.map(Int32.init)
  }

  // MARK: The sweep

  /// The connections that have been in their phase for longer than `limits` have it. One that is told is
  /// told again when as much time has passed once more.
  mutating func overdue(now: Instant, _ limits: Daemon.Limits) -> [(descriptor: Int32, phase: Phase)] {
    var found: [(descriptor: Int32, phase: Phase)] = []
    for index in entries.indices {
      let entry = entries[index]
      if entry.changes != entry.seen {
        entries[index].seen = entry.changes
        entries[index].since = now
      } else if let limit = ConnectionTable.limit(entry, limits), now - entry.since >= limit {
        entries[index].since = now
        entries[index].isOverdue = true
        found.append((Int32(index), entry.phase))
      }
    }
    return found
  }

  /// How long a connection may be in its phase; nil = for ever.
  private static func limit(_ entry: Entry, _ limits: Daemon.Limits) -> Duration? {
    let (base, bytes): (Duration, Int) =
      switch entry.phase {
      case .closed, .waiting: (.zero, 0)
      case .fresh, .head: (limits.headTime, 0)
      case .idle: (limits.idleTime, 0)
      case .body: (limits.bodyTime, entry.bytes)
      case .sending: (limits.writeTime, entry.bytes)
      }
    return base == .zero ? nil : base + .seconds(Int64(bytes / Daemon.Limits.slowestBytesPerSecond))
  }
}
