// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// What a store keeps under one key.
struct Entry {
  let key: Key
  var value: [UInt8]
  var flags: UInt32
  /// `Instant.distantFuture`: never.
  var expires: Instant
  /// The cas unique.
  var unique: UInt64
}

/// Entries found by key and kept in the order of their last use. It knows neither clocks nor verbs.
///
///     index: Key ─► slot          slots: [ e ][ – ][ e ][ e ] …
///     newest ─► slot ⇄ slot ⇄ slot ◄─ oldest       vacant ─► slot ─► slot
///
/// The list runs through the slots by number, so that a use costs three writes and no allocation, and a
/// slot that was vacated serves the next entry.
struct EntryTable {
  private struct Slot {
    var entry: Entry?
    /// Towards the newest; in a vacant slot unused.
    var newer: Int32
    /// Towards the oldest; in a vacant slot the next vacant one.
    var older: Int32
  }

  /// What an entry costs beside the bytes of its key and value: two array headers, its slot, its share
  /// of the index, and what malloc rounds up. Measured at 150 to 230 bytes, depending on how full the
  /// slots and the index are just then.
  static let overheadBytes = 192

  private static let none: Int32 = -1
  private var index: [Key: Int32] = [:]
  private var slots: [Slot] = []
  private var newest = EntryTable.none
  private var oldestSlot = EntryTable.none
  private var vacant = EntryTable.none

  /// What all entries cost, in bytes.
  private(set) var bytes = 0

  var count: Int { index.count }

  /// Slots that exist, vacant ones included: the numbers that `entry(at:)` takes.
  var slotCount: Int { slots.count }

  /// What an entry of that key and value costs.
  static func cost(_ key: Key, valueBytes: Int) -> Int { key.bytes.count + valueBytes + overheadBytes }

  /// The slot of a key, whatever has become of its entry.
  func find(_ key: Key) -> Int? { index[key].map(Int.init) }

  /// The slot whose entry was used longest ago.
  var oldest: Int? { oldestSlot == EntryTable.none ? nil : Int(oldestSlot) }

  /// The entry in a slot that may be vacant.
  func entry(at slot: Int) -> Entry? { slots[slot].entry }

  /// The entry in a slot that is taken. Do not change its value's length here: `setValue` keeps the books.
  subscript(slot: Int) -> Entry {
    get { EntryTable.taken(slots[slot].entry) }
    _modify {
      // Taken out while it is changed, so that the value's buffer is not copied by the change.
      var entry = EntryTable.taken(slots[slot].entry.take())
      defer { slots[slot].entry = entry }
      yield &entry
    }
  }

  private static func taken(_ entry: consuming Entry?) -> Entry {
    guard let entry else { preconditionFailure("the slot of an entry that was found is taken") }
    return entry
  }

  /// Adds an entry, whose key must be absent, as the newest.
  mutating func insert(_ entry: Entry) {
    let slot = vacantSlot()
    bytes += EntryTable.cost(entry.key, valueBytes: entry.value.count)
    index[entry.key] = slot
    slots[Int(slot)].entry = entry
    linkAsNewest(slot)
  }

  mutating func setValue(_ value: [UInt8], at slot: Int) {
    bytes += value.count - self[slot].value.count
    self[slot].value = value
  }

  mutating func remove(_ slot: Int) {
    let entry = self[slot]
    bytes -= EntryTable.cost(entry.key, valueBytes: entry.value.count)
    index[entry.key] = nil
    unlink(Int32(slot))
    slots[slot].entry = nil
    slots[slot].older = vacant
    vacant = Int32(slot)
  }

  /// Notes a use.
  mutating func makeNewest(_ slot: Int) {
    let slot = Int32(slot)
    if slot == newest { return }
    unlink(slot)
    linkAsNewest(slot)
  }

  // MARK: Slots

  private mutating func vacantSlot() -> Int32 {
    if vacant != EntryTable.none {
      defer { vacant = slots[Int(vacant)].older }
      return vacant
    }
    slots.append(Slot(entry: nil, newer: EntryTable.none, older: EntryTable.none))
    return Int32(slots.count - 1)
  }

  private mutating func linkAsNewest(_ slot: Int32) {
    slots[Int(slot)].newer = EntryTable.none
    slots[Int(slot)].older = newest
    if newest == EntryTable.none { oldestSlot = slot } else { slots[Int(newest)].newer = slot }
    newest = slot
  }

  private mutating func unlink(_ slot: Int32) {
    let (newer, older) = (slots[Int(slot)].newer, slots[Int(slot)].older)
    if newer == EntryTable.none { newest = older } else { slots[Int(newer)].older = older }
    if older == EntryTable.none { oldestSlot = newer } else { slots[Int(older)].newer = newer }
  }
}
