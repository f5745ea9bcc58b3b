// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// A look at a key: on the wire in both protocols, and in a memory tier.
@Suite struct LookTests {
  private static let token = CASToken(boot: 5, unique: 15)
  private static let item = Item(value: Array("abc".utf8), flags: 7, ttl: .seconds(100), cas: token)

  @Test("it asks for the use of the item, and not to be taken for one")
  func encoded() throws {
    var meta = ByteBuffer()
    var classic = ByteBuffer()
    let command = Command(try Key("k"), .look)
    MetaEncoder.encode(command, opaque: 7, unixTime: 0, into: &meta)
    ClassicEncoder.encode(command, unixTime: 0, into: &classic)
    #expect(String(decoding: meta.readable, as: UTF8.self) == "mg k v f c t h l u O7\r\n")
    #expect(String(decoding: classic.readable, as: UTF8.self) == "gets k\r\n")
    #expect(!command.isWrite)
  }

  @Test("a meta reply tells whether the item was read and when last", arguments: [(0, false), (1, true)])
  func meta(_ hit: Int, _ isFetched: Bool) {
    let seen = Sighting(item: LookTests.item, isFetched: isFetched, secondsSinceAccess: 42)
    expectWhole(
      "VA 3 f7 c15 t100 h\(hit) l42 O9\r\nabc\r\n", as: .look, meta: true, .seen(seen), opaque: 9)
    expectWhole("EN O9\r\n", as: .look, meta: true, .miss, opaque: 9)
  }

  @Test(
    "a reply without what was asked for is none",
    arguments: ["f7 c15 t100", "h1", "l4", "h2 l4", "hx l4", "h1 l-4", "h l4"])
  func malformed(_ flags: String) {
    #expect(decode("VA 3 \(flags) O9\r\nabc\r\n", as: .look, meta: true) == .violation)
  }

  @Test("a classic reply tells neither")
  func classic() {
    let item = Item(value: Array("abc".utf8), flags: 7, ttl: .unknown, cas: LookTests.token)
    expectWhole(
      "VALUE k 7 3 15\r\nabc\r\nEND\r\n", as: .look, meta: false, .seen(Sighting(item: item)))
    expectWhole("END\r\n", as: .look, meta: false, .miss)
  }

  @Test("in a memory tier it keeps nothing alive")
  func memory() throws {
    let cost = EntryTable.cost(try Key("a"), valueBytes: 1)
    let store = MemoryStore(capacity: 2 * cost)
    for key in ["a", "b"] { _ = try store.reply(.set("v"), key) }
    guard case .seen(let seen) = try store.reply(.look, "a") else { return #expect(Bool(false)) }
    #expect(seen.item.value == Array("v".utf8) && seen.isFetched == nil && seen.secondsSinceAccess == nil)
    // The oldest goes, which a read would have made the newest.
    _ = try store.reply(.set("v"), "c")
    #expect(try store.reply(.look, "a") == .miss)
    #expect(store.value("b") == "v")
  }
}
