// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// The slots of a connection, the oldest first.
///
/// Not a `Deque`: that copies an element to append it, which for a slot is a retain and a release, and there is
/// one for each request. Here it is moved in and out.
struct SlotQueue: RandomAccessCollection, MutableCollection {
  // A ring. Its length is a power of two, and places that are not taken are nil.
  private var places: ContiguousArray<Slot?> = .init(repeating: nil, count: 64)
  private var head = 0
  private(set) var count = 0

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  /// The slot that has so many before it.
  subscript(index: Int) -> Slot {
    get {
      guard index < count, let slot = places[place(index)] else { preconditionFailure("no such slot") }
      return slot
    }
    set {
      precondition(index < count, "no such slot")
      places[place(index)] = newValue
    }
  }

  mutating func append(_ slot: consuming Slot) {
    if count == places.count { grow() }
    places[place(count)] = slot
    count += 1
  }

  mutating func prepend(_ slot: consuming Slot) {
    if count == places.count { grow() }
    head = place(-1)
    places[head] = slot
    count += 1
  }

  mutating func popFirst() -> Slot? {
    if count == 0 { return nil }
    let first = head
    head = place(1)
    count -= 1
    return places[first].take()
  }

  private func place(_ index: Int) -> Int { (head &+ index) & (places.count - 1) }

  private mutating func grow() {
    var larger = ContiguousArray<Slot?>(repeating: nil, count: places.count * 2)
    for index in 0..<count { larger[index] = places[place(index)] }
    places = larger
    head = 0
  }
}
