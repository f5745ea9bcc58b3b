// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import MemcachedTesting
import Testing

@testable import Memcached

@Suite struct EntryTableTests {
  private static func entry(_ number: Int, _ length: Int) throws -> Entry {
    Entry(
      key: try Key("\(number)"), value: Array(repeating: 0, count: length), flags: 0, expires: .distantFuture,
      unique: UInt64(number))
  }

  @Test("it does what a list in order of use would do") func itDoesWhatAListInOrderOfUseWouldDo() throws {
    var random = SeededGenerator(seed: 7)
    var table = EntryTable()
    // Numbers of keys, the oldest first, and the lengths of their values.
    var order: [Int] = []
    var lengths: [Int: Int] = [:]
    for _ in 0..<20_000 {
      let number = Int.random(in: 0..<60, using: &random)
      let length = Int.random(in: 0..<40, using: &random)
      let slot = table.find(try Key("\(number)"))
      #expect((slot != nil) == (lengths[number] != nil))
      switch (slot, Int.random(in: 0..<4, using: &random)) {
      case (nil, _):
        table.insert(try Self.entry(number, length))
        order.append(number)
        lengths[number] = length
      case (let slot?, 0):
        table.remove(slot)
        order.removeAll { $0 == number }
        lengths[number] = nil
      case (let slot?, 1):
        table.setValue(Array(repeating: 1, count: length), at: slot)
        lengths[number] = length
      case (let slot?, _):
        table.makeNewest(slot)
        order.removeAll { $0 == number }
        order.append(number)
      }
      #expect(table.oldest.map { table[$0].unique } == order.first.map { UInt64($0) })
      #expect(table.count == order.count)
      let cost = try lengths.map { EntryTable.cost(try Key("\($0.key)"), valueBytes: $0.value) }.reduce(0, +)
      #expect(table.bytes == cost)
    }
    #expect(table.slotCount <= 60)
  }
}
