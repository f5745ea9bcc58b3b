// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// The part of a store that one lock guards: memcached's verbs over a table of entries.
///
/// | verb | absent | present |
/// |---|---|---|
/// | get | miss | hit; becomes the newest unless it is a peek |
/// | look | miss | seen |
/// | set | stored | stored |
/// | add | stored | not stored, but becomes the newest |
/// | replace, append, prepend | not stored | stored; append and prepend keep flags and ttl |
/// | cas | miss | stored, or exists when the token is not the item's |
/// | delete | miss | deleted, or exists when a token was given and is not the item's |
/// | incr, decr | miss | the number; keeps flags and ttl, changes the cas |
/// | touch | miss | touched; does not change the cas |
struct MemoryShard {
  let capacity: Int
  let limits: MemoryLimits
  let tokens: CASSource
  private(set) var counters = MemoryCounters()
  private var table = EntryTable()
  private var flushDue: Instant?
  /// Where the search for expired entries goes on.
  private var hand = 0

  init(capacity: Int, limits: MemoryLimits, tokens: CASSource) {
    self.capacity = capacity
    self.limits = limits
    self.tokens = tokens
  }

  /// Does one operation that has a key.
  mutating func perform(
    _ operation: Command.Operation, on key: Key, now: Instant
  ) throws(MemcachedError) -> Reply {
    flushIfDue(now: now)
    switch operation {
    case .get(let isPeek): return get(key, isPeek: isPeek, now: now)
    case .look: return look(key, now: now)
    case .store(let mode, let value, let flags, let exptime):
      let expires = MemoryShard.instant(of: exptime, now: now)
      let entry = Entry(key: key, value: value, flags: flags, expires: expires, unique: 0)
      return try store(mode, entry, now: now)
    case .delete(let token): return delete(key, ifUnchanged: token, now: now)
    case .increment(let delta):
      return try count(key, now: now, hits: \.incrHits, misses: \.incrMisses) { $0 &+ delta }
    case .decrement(let delta):
      return try count(key, now: now, hits: \.decrHits, misses: \.decrMisses) { $0 < delta ? 0 : $0 - delta }
    case .touch(let exptime): return touch(key, exptime, now: now)
    case .flushAll, .stats, .version:
      preconditionFailure("the store itself does what concerns the whole server")
    }
  }

  // MARK: Verbs

  private mutating func get(_ key: Key, isPeek: Bool, now: Instant) -> Reply {
    guard let slot = live(key, now: now) else {
      counters.getMisses += 1
      return .miss
    }
    counters.getHits += 1
    if !isPeek { table.makeNewest(slot) }
    let entry = table[slot]
    let ttl = MemoryShard.timeToLive(entry.expires, now: now)
    return .hit(Item(value: entry.value, flags: entry.flags, ttl: ttl, cas: tokens.token(entry.unique)))
  }

  // An entry has neither of the two facts on its use: they would be written by each read, for a look that
  // nearly never comes.
  private mutating func look(_ key: Key, now: Instant) -> Reply {
    guard case .hit(let item) = get(key, isPeek: true, now: now) else { return .miss }
    return .seen(Sighting(item: item))
  }

  private mutating func store(_ mode: StoreMode, _ entry: Entry, now: Instant) throws(MemcachedError) -> Reply
  {
    // Before anything else, as memcached does: it reads the value only once it has room for it.
    try limits.check(entry.key, valueBytes: entry.value.count, flags: entry.flags)
    counters.sets += 1
    let slot = live(entry.key, now: now)
    switch (mode, slot) {
    case (.set, _), (.add, nil), (.replace, .some):
      return try put(entry, in: slot, now: now)
    case (.add, let slot?):
      table.makeNewest(slot)
      return .notStored
    case (.replace, nil), (.append, nil), (.prepend, nil):
      return .notStored
    case (.append, let slot?):
      return try join(table[slot].value + entry.value, at: slot, now: now)
    case (.prepend, let slot?):
      return try join(entry.value + table[slot].value, at: slot, now: now)
    case (.cas(let token), let slot):
      return try compareAndSwap(entry, token, in: slot, now: now)
    }
  }

  private mutating func compareAndSwap(
    _ entry: Entry, _ token: CASToken, in slot: Int?, now: Instant
  ) throws(MemcachedError) -> Reply {
    guard let slot else {
      counters.casMisses += 1
      return .miss
    }
    guard isUnchanged(slot, since: token) else {
      counters.casBadValue += 1
      return .exists
    }
    counters.casHits += 1
    return try put(entry, in: slot, now: now)
  }

  private mutating func join(_ value: [UInt8], at slot: Int, now: Instant) throws(MemcachedError) -> Reply {
    var entry = table[slot]
    entry.value = value
    try limits.check(entry.key, valueBytes: value.count, flags: entry.flags)
    return try put(entry, in: slot, now: now)
  }

  private mutating func delete(_ key: Key, ifUnchanged token: CASToken?, now: Instant) -> Reply {
    guard let slot = live(key, now: now) else {
      counters.deleteMisses += 1
      return .miss
    }
    if let token, !isUnchanged(slot, since: token) { return .exists }
    counters.deleteHits += 1
    table.remove(slot)
    return .deleted
  }

  private mutating func count(
    _ key: Key, now: Instant, hits: WritableKeyPath<MemoryCounters, Int>,
    misses: WritableKeyPath<MemoryCounters, Int>, _ change: (UInt64) -> UInt64
  ) throws(MemcachedError) -> Reply {
    guard let slot = live(key, now: now) else {
      counters[keyPath: misses] += 1
      return .miss
    }
    var entry = table[slot]
    guard !limits.isChunked(entry), let old = CounterText.number(entry.value) else { return .notNumeric }
    counters[keyPath: hits] += 1
    let new = change(old)
    let bytes = CounterText.bytes(new, inPlaceOf: entry.value.count)
    if bytes.count > entry.value.count {
      entry.value = bytes
      _ = try put(entry, in: slot, now: now)
    } else {
      // Written over the old number: not a new item, so `total_items` stays.
      table.setValue(bytes, at: slot)
      table[slot].unique = tokens.next()
      table.makeNewest(slot)
    }
    return .counter(new, tokens.token(table[slot].unique))
  }

  private mutating func touch(_ key: Key, _ exptime: Exptime, now: Instant) -> Reply {
    guard let slot = live(key, now: now) else {
      counters.touchMisses += 1
      return .miss
    }
    counters.touchHits += 1
    table[slot].expires = MemoryShard.instant(of: exptime, now: now)
    table.makeNewest(slot)
    return .touched
  }

  // MARK: Room

  /// Stores an entry under a new cas unique, over the one in `slot` if the key is there.
  private mutating func put(_ entry: Entry, in slot: Int?, now: Instant) throws(MemcachedError) -> Reply {
    let cost = EntryTable.cost(entry.key, valueBytes: entry.value.count)
    if cost > capacity { throw limits.outOfMemory(needed: cost, capacity: capacity) }
    let unique = tokens.next()
    counters.totalItems += 1
    if let slot {
      table.setValue(entry.value, at: slot)
      table[slot].flags = entry.flags
      table[slot].expires = entry.expires
      table[slot].unique = unique
      table.makeNewest(slot)
    } else {
      var entry = entry
      entry.unique = unique
      table.insert(entry)
    }
    makeRoom(now: now)
    return .stored(tokens.token(unique))
  }

  // The entry just stored is the newest and fits, so that the loop ends before it comes to it.
  private mutating func makeRoom(now: Instant) {
    reclaim(now: now)
    while table.bytes > capacity, let oldest = table.oldest {
      if table[oldest].expires > now { counters.evictions += 1 }
      table.remove(oldest)
    }
  }

  /// Looks at two slots and drops what has expired there, so that entries that nobody asks for again
  /// do not hold their room until they are the oldest: a store at rest keeps them, a busy one does not.
  private mutating func reclaim(now: Instant) {
    for _ in 0..<2 {
      hand = hand + 1 < table.slotCount ? hand + 1 : 0
      if let entry = table.entry(at: hand), entry.expires <= now { table.remove(hand) }
    }
  }

  // MARK: Life of an entry

  /// The slot of a key whose entry has not expired; one that has is dropped.
  private mutating func live(_ key: Key, now: Instant) -> Int? {
    guard let slot = table.find(key) else { return nil }
    if table[slot].expires > now { return slot }
    table.remove(slot)
    return nil
  }

  private func isUnchanged(_ slot: Int, since token: CASToken) -> Bool {
    token.isOf(boot: tokens.boot) && token.unique == table[slot].unique
  }

  private static func instant(of exptime: Exptime, now: Instant) -> Instant {
    exptime == .never ? .distantFuture : now + .seconds(Int64(exptime.seconds))
  }

  // Rounded up, as a second that has begun counts: an item stored for 5 s says 5 at once.
  private static func timeToLive(_ expires: Instant, now: Instant) -> TimeToLive {
    if expires == .distantFuture { return .never }
    return .seconds(((expires - now).wholeNanoseconds + 999_999_999) / 1_000_000_000)
  }

  // MARK: Whole store

  /// Drops everything once `delay` has passed. A later flush takes the place of one that still waits.
  mutating func flush(after delay: Duration, now: Instant) {
    flushDue = now + delay
    flushIfDue(now: now)
  }

  // The first look at the shard after the deadline does it: whatever is there was stored before.
  private mutating func flushIfDue(now: Instant) {
    guard let due = flushDue, due <= now else { return }
    flushDue = nil
    table = EntryTable()
  }

  /// The counters, and how full the shard is now.
  mutating func snapshot(now: Instant) -> MemoryCounters {
    flushIfDue(now: now)
    var snapshot = counters
    snapshot.items = table.count
    snapshot.bytes = table.bytes
    return snapshot
  }
}
