// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Reactor
import Testing

@testable import Memcached

@Suite struct MemoryStoreTests {
  private let clock = ManualClock()
  private let store: MemoryStore

  init() { store = MemoryStore(capacity: 1 << 20, now: clock.read) }

  // MARK: Tokens

  @Test("the cas unique counts from 1 over all keys") func theCasUniqueCountsFrom1OverAllKeys() throws {
    for (number, key) in ["a", "b", "a", "c"].enumerated() {
      let token = CASToken(boot: store.boot, unique: UInt64(number + 1))
      #expect(try store.reply(.set("v"), key) == .stored(token))
    }
    #expect(try store.reply(.put(.add, "v"), "a") == .notStored)
    #expect(try store.reply(.set("5"), "a") == .stored(CASToken(boot: store.boot, unique: 5)))
    #expect(try store.reply(.increment(delta: 1), "a") == .counter(6, CASToken(boot: store.boot, unique: 6)))
  }

  @Test("a token of an earlier store does not fit, whether the key is there or not")
  func aTokenOfAnEarlierStoreDoesNotFitWhetherTheKeyIsThereOrNot() throws {
    let earlier = MemoryStore(capacity: 1 << 20)
    #expect(earlier.boot != store.boot)
    guard case .stored(let token?) = try earlier.reply(.set("v"), "k") else {
      Issue.record("nothing was stored")
      return
    }
    #expect(try store.reply(.put(.cas(token), "w"), "k") == .miss)
    _ = try store.reply(.set("v"), "k")
    #expect(store.item("k")?.cas?.unique == token.unique)
    #expect(try store.reply(.put(.cas(token), "w"), "k") == .exists)
    #expect(try store.reply(.delete(ifUnchanged: token), "k") == .exists)
    #expect(store.value("k") == "v")
  }

  // MARK: Limits

  @Test(
    "the largest value is that of memcached at -I 1m",
    arguments: [
      ("kkkk", 0, 1_048_513), ("kkkk", 5, 1_048_509), (String(repeating: "k", count: 100), 0, 1_048_417),
      (String(repeating: "k", count: 250), 5, 1_048_263),
    ] as [(String, UInt32, Int)])
  func theLargestValueIsThatOfMemcachedAtI1m(key: String, flags: UInt32, largest: Int) throws {
    let store = MemoryStore(capacity: 8 << 20)
    func set(_ count: Int) throws -> Reply {
      let value = [UInt8](repeating: 0x76, count: count)
      return try store.reply(.store(.set, value: value, flags: flags, exptime: .never), key)
    }
    _ = try set(largest)
    let error = #expect(throws: MemcachedError.self) { try set(largest + 1) }
    #expect(error?.kind == .tooLarge(limit: 1 << 20))
    #expect(store.item(key)?.value.count == largest)
  }

  @Test("a too large append leaves the item and its token") func aTooLargeAppendLeavesTheItemAndItsToken()
    throws
  {
    let store = MemoryStore(capacity: 8 << 20)
    _ = try store.reply(.set(String(repeating: "a", count: 600_000), flags: 3, ttl: 100), "k")
    let before = store.item("k")
    for mode in [StoreMode.append, .prepend] {
      let error = #expect(throws: MemcachedError.self) {
        try store.reply(.put(mode, String(repeating: "b", count: 600_000)), "k")
      }
      #expect(error?.kind == .tooLarge(limit: 1 << 20))
    }
    #expect(store.item("k") == before)
  }

  @Test("an item larger than the store is out of memory, and nothing is dropped for it")
  func anItemLargerThanTheStoreIsOutOfMemoryAndNothingIsDroppedForI() throws {
    let store = MemoryStore(capacity: 10_000)
    _ = try store.reply(.set("v"), "small")
    _ = try store.reply(.set("old"), "k")
    let large = String(repeating: "v", count: 10_000)
    for key in ["k", "new"] {
      let error = #expect(throws: MemcachedError.self) { try store.reply(.set(large), key) }
      #expect(error?.kind == .outOfMemory)
      #expect(error?.serverLine == "SERVER_ERROR out of memory storing object")
    }
    #expect(store.value("small") == "v")
    #expect(store.value("k") == "old")
    #expect(store.value("new") == nil)
  }

  @Test("memcached does not count in items that it keeps in chunks")
  func memcachedDoesNotCountInItemsThatItKeepsInChunks() throws {
    let store = MemoryStore(capacity: 8 << 20)
    _ = try store.reply(.set("1" + String(repeating: " ", count: 523_999)), "k")
    guard case .counter(2, _) = try store.reply(.increment(delta: 1), "k") else {
      Issue.record("not counted")
      return
    }
    _ = try store.reply(.set("1" + String(repeating: " ", count: 599_999)), "k")
    #expect(try store.reply(.increment(delta: 1), "k") == .notNumeric)
  }

  // MARK: Time

  @Test("an item lives until its instant, and its ttl is rounded up")
  func anItemLivesUntilItsInstantAndItsTtlIsRoundedUp() throws {
    _ = try store.reply(.set("v", ttl: 5), "k")
    #expect(store.item("k")?.ttl == .seconds(5))
    clock.advance(by: .milliseconds(1))
    #expect(store.item("k")?.ttl == .seconds(5))
    clock.advance(by: .milliseconds(4_998))
    #expect(store.item("k")?.ttl == .seconds(1))
    clock.advance(by: .milliseconds(1))
    #expect(store.item("k") == nil)
  }

  @Test("the longest ttl is not the end of the clock") func theLongestTtlIsNotTheEndOfTheClock() throws {
    _ = try store.reply(.set("v", ttl: .max), "k")
    #expect(store.item("k")?.ttl == .seconds(Int64(UInt32.max)))
    clock.advance(by: .seconds(Int64(UInt32.max) - 1))
    #expect(store.item("k")?.ttl == .seconds(1))
  }

  @Test("an expired item gives its room back when it is asked for")
  func anExpiredItemGivesItsRoomBackWhenItIsAskedFor() throws {
    _ = try store.reply(.set("v", ttl: 1), "k")
    #expect(try store.number("curr_items") == 1)
    clock.advance(by: .seconds(1))
    #expect(store.value("k") == nil)
    #expect(try store.number("curr_items") == 0)
    #expect(try store.number("bytes") == 0)
  }

  @Test("expired items that nobody asks for give their room back as others are stored")
  func expiredItemsThatNobodyAsksForGiveTheirRoomBackAsOthersAreSto() throws {
    for number in 0..<100 { _ = try store.reply(.set("v", ttl: 1), "short \(number)".dotted) }
    clock.advance(by: .seconds(1))
    for number in 0..<60 { _ = try store.reply(.set("v"), "long \(number)".dotted) }
    #expect(try store.number("curr_items") == 60)
    #expect(try store.number("evictions") == 0)
  }

  // MARK: flush_all

  @Test("a delayed flush takes what was stored before its instant, and nothing after")
  func aDelayedFlushTakesWhatWasStoredBeforeItsInstantAndNothingAft() throws {
    let flush = Command(.flushAll(delaySeconds: 10))
    _ = try store.reply(.set("v"), "before")
    #expect(try store.perform(flush).get() == .flushed)
    clock.advance(by: .milliseconds(9_999))
    _ = try store.reply(.set("v"), "between")
    #expect(store.value("before") == "v")
    clock.advance(by: .milliseconds(1))
    _ = try store.reply(.set("v"), "after")
    #expect(store.value("before") == nil && store.value("between") == nil)
    clock.advance(by: .seconds(100))
    #expect(store.value("after") == "v")
  }

  @Test("statistics see a flush that came due while nobody asked")
  func statisticsSeeAFlushThatCameDueWhileNobodyAsked() throws {
    _ = try store.reply(.set("v"), "k")
    _ = store.perform(Command(.flushAll(delaySeconds: 10)))
    #expect(try store.number("curr_items") == 1)
    clock.advance(by: .seconds(10))
    #expect(try store.number("curr_items") == 0)
  }

  // MARK: Statistics

  @Test("general statistics say what the store is") func generalStatisticsSayWhatTheStoreIs() throws {
    clock.advance(by: .seconds(90))
    let statistics = try store.statistics()
    #expect(statistics["uptime"] == "90")
    #expect(statistics["limit_maxbytes"] == "1048576")
    #expect(statistics["version"] == "1.6.18")
    #expect(try store.perform(Command(.version)).get() == .version("1.6.18"))
    #expect(try store.statistics("settings")["item_size_max"] == "1048576")
    #expect(try store.statistics("settings")["maxbytes"] == "1048576")
  }

  @Test("an item costs its key, its value and the overhead") func anItemCostsItsKeyItsValueAndTheOverhead()
    throws
  {
    _ = try store.reply(.set("12345"), "key")
    #expect(try store.number("bytes") == 8 + MemoryStore.overheadBytesPerItem)
    _ = try store.reply(.put(.append, "678"), "key")
    #expect(try store.number("bytes") == 11 + MemoryStore.overheadBytesPerItem)
    _ = try store.reply(.increment(delta: 99_999_999), "key")
    #expect(try store.number("bytes") == 12 + MemoryStore.overheadBytesPerItem)
    _ = try store.reply(.delete(ifUnchanged: nil), "key")
    #expect(try store.number("bytes") == 0)
  }

  @Test("a command that needs a key and has none is rejected")
  func aCommandThatNeedsAKeyAndHasNoneIsRejected() {
    #expect(throws: MemcachedError.self) { try store.perform(Command(.get)).get() }
  }
}

extension String {
  /// Fit for a key.
  fileprivate var dotted: String { String(map { $0 == " " ? "." : $0 }) }
}
