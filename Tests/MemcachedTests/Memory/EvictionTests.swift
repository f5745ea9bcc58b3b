// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Reactor
import Synchronization
import Testing

@testable import Memcached

@Suite struct EvictionTests {
  private static let cost = 2 + 8 + MemoryStore.overheadBytesPerItem

  /// A store with room for exactly four items of a two-byte key and an eight-byte value.
  private static func storeOfFour(now: @escaping @Sendable () -> Instant = Instant.current) -> MemoryStore {
    MemoryStore(capacity: 4 * cost, now: now)
  }

  private static func fill(_ store: MemoryStore, _ keys: String...) throws {
    for key in keys { _ = try store.reply(.set("12345678"), key) }
  }

  /// Which of the keys are there; looking changes nothing.
  private static func present(_ store: MemoryStore, _ keys: String...) -> [String] {
    keys.filter { store.value($0, isPeek: true) != nil }
  }

  @Test("the item used longest ago goes first") func theItemUsedLongestAgoGoesFirst() throws {
    let store = Self.storeOfFour()
    try Self.fill(store, "k1", "k2", "k3", "k4", "k5")
    #expect(Self.present(store, "k1", "k2", "k3", "k4", "k5") == ["k2", "k3", "k4", "k5"])
    #expect(try store.number("evictions") == 1)
    try Self.fill(store, "k6", "k7")
    #expect(Self.present(store, "k2", "k3", "k4", "k5", "k6", "k7") == ["k4", "k5", "k6", "k7"])
  }

  @Test(
    "a use saves an item",
    arguments: [
      .get, .set("12345678"), .put(.add, "x"), .put(.replace, "12345678"), .put(.append, ""),
      .increment(delta: 1),
      .touch(exptime: Exptime(seconds: 100)),
    ] as [Command.Operation])
  func aUseSavesAnItem(use: Command.Operation) throws {
    let store = Self.storeOfFour()
    try Self.fill(store, "k1", "k2", "k3", "k4")
    _ = try store.reply(use, "k1")
    try Self.fill(store, "k5")
    #expect(Self.present(store, "k1", "k2", "k3", "k4", "k5") == ["k1", "k3", "k4", "k5"])
  }

  @Test("a peek is no use") func aPeekIsNoUse() throws {
    let store = Self.storeOfFour()
    try Self.fill(store, "k1", "k2", "k3", "k4")
    #expect(store.value("k1", isPeek: true) == "12345678")
    try Self.fill(store, "k5")
    #expect(Self.present(store, "k1", "k2", "k3", "k4", "k5") == ["k2", "k3", "k4", "k5"])
  }

  @Test("a value that grows drops others, never itself") func aValueThatGrowsDropsOthersNeverItself() throws {
    let store = Self.storeOfFour()
    try Self.fill(store, "k1", "k2", "k3", "k4")
    _ = try store.reply(.put(.append, String(repeating: "x", count: Self.cost + 1)), "k1")
    #expect(Self.present(store, "k1", "k2", "k3", "k4") == ["k1", "k4"])
    _ = try store.reply(.set(String(repeating: "x", count: 4 * Self.cost - Self.cost + 8)), "k1")
    #expect(Self.present(store, "k1", "k2", "k3", "k4") == ["k1"])
  }

  @Test("dropping what has expired is no eviction") func droppingWhatHasExpiredIsNoEviction() throws {
    let clock = ManualClock()
    let store = Self.storeOfFour(now: clock.read)
    for key in ["k1", "k2", "k3", "k4"] { _ = try store.reply(.set("12345678", ttl: 1), key) }
    clock.advance(by: .seconds(2))
    try Self.fill(store, "k5", "k6", "k7", "k8")
    #expect(Self.present(store, "k5", "k6", "k7", "k8").count == 4)
    #expect(try store.number("evictions") == 0)
  }

  @Test("the bound holds over 100,000 random stores, and the books agree", arguments: [200_000, 64 << 20])
  func theBoundHoldsOver100000RandomStoresAndTheBooksAgree(capacity: Int) throws {
    let store = MemoryStore(capacity: capacity)
    var random = SeededGenerator(seed: UInt64(capacity))
    let value = String(repeating: "v", count: 3_000)
    var sum = 0
    for number in 0..<100_000 {
      let key = "key-\(Int.random(in: 0..<50_000, using: &random))"
      let length = Int.random(in: 0..<(number % 10 == 0 ? 3_000 : 200), using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0: _ = try store.reply(.delete(ifUnchanged: nil), key)
      case 1: _ = try store.reply(.put(.append, String(value.prefix(length / 10))), key)
      case 2: _ = store.value(key)
      default: _ = try store.reply(.set(String(value.prefix(length))), key)
      }
      if number % 1_000 == 0 {
        let bytes = try #require(try store.number("bytes"))
        #expect(bytes <= capacity)
        sum = max(sum, bytes)
      }
    }
    // It is used, too.
    #expect(sum > min(capacity, 8 << 20) * 9 / 10)
    let found = (0..<50_000).compactMap { number in
      store.item("key-\(number)", isPeek: true).map { "key-\(number)".utf8.count + $0.value.count }
    }
    #expect(try store.number("curr_items") == found.count)
    #expect(
      try store.number("bytes") == found.reduce(0, +) + found.count * MemoryStore.overheadBytesPerItem)
  }

  @Test("four threads at once lose no count and break no bound")
  func fourThreadsAtOnceLoseNoCountAndBreakNoBound() throws {
    let store = MemoryStore(capacity: 256 << 20)
    let finished = Finished(4)
    for thread in 0..<4 {
      try startThread(named: "writer") {
        do { try Self.work(store, thread) } catch { finished.fail("\(error)") }
        finished.countDown()
      }
    }
    finished.wait()
    #expect(finished.failures.isEmpty)
    #expect(store.value("counter") == "20000")
    #expect(store.value("cas") == "4000")
    #expect(try store.number("curr_items") == 2 + 4 * 500)
  }

  /// One thread's share: counts a common counter, moves a number by cas, and reads its own writes.
  private static func work(_ store: MemoryStore, _ thread: Int) throws {
    _ = try store.reply(.put(.add, "0"), "counter")
    _ = try store.reply(.put(.add, "0"), "cas")
    for number in 0..<5_000 {
      _ = try store.reply(.increment(delta: 1), "counter")
      let key = "own-\(thread)-\(number % 500)"
      _ = try store.reply(.set("\(number)"), key)
      if store.value(key) != "\(number)" { throw MemcachedError(.protocolViolation, "lost \(key)") }
    }
    for _ in 0..<1_000 { try incrementByCAS(store) }
  }

  private static func incrementByCAS(_ store: MemoryStore) throws {
    while let item = store.item("cas"), let token = item.cas {
      let next = (Int(String(decoding: item.value, as: UTF8.self)) ?? 0) + 1
      if case .stored = try store.reply(.put(.cas(token), "\(next)"), "cas") { return }
    }
  }
}

/// Waits for threads, and keeps what they complained of.
private final class Finished: Sendable {
  private let state: Mutex<(left: Int, failures: [String])>
  private let loop: LoopBound<EventLoop>

  init(_ count: Int) {
    state = Mutex((count, []))
    let loop = try! EventLoop()
    self.loop = LoopBound(loop, on: loop)
  }

  var failures: [String] { state.withLock { $0.failures } }

  func fail(_ text: String) { state.withLock { $0.failures.append(text) } }

  func countDown() {
    let isLast = state.withLock { state in
      state.left -= 1
      return state.left == 0
    }
    if isLast { loop.post { $0.stop() } }
  }

  func wait() { #expect(throws: Never.self) { try loop.use().run() } }
}
