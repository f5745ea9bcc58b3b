// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Bytes that came and were not consumed, or that wait to be written: one piece of memory with a
/// moving head and tail.
///
/// Not an `Array`: the socket reads straight into its free end, decoders look at its front without
/// bounds checks on each byte, and memory that one large value needed is given back.
struct ByteBuffer: ~Copyable {
  /// What an idle buffer keeps.
  static let restingCapacity = 16 << 10

  private var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private var head = 0
  private var tail = 0

  init(capacity: Int = ByteBuffer.restingCapacity) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity, alignment: 1)
  }

  deinit { base.deallocate() }

  var count: Int { tail - head }
  var isEmpty: Bool { head == tail }

  /// What is there to consume; valid until the buffer is changed.
  var readable: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + head, count: tail - head) }

  /// Room for at least `minimum` bytes behind the tail; tell with `produced` how many were filled.
  mutating func writable(atLeast minimum: Int) -> UnsafeMutableRawBufferPointer {
    reserve(minimum)
    return UnsafeMutableRawBufferPointer(start: base + tail, count: capacity - tail)
  }

  mutating func produced(_ count: Int) {
    precondition(count <= capacity - tail, "more bytes were produced than there was room for")
    tail += count
  }

  mutating func consume(_ count: Int) {
    precondition(count <= tail - head, "more bytes were consumed than there were")
    head += count
    if head == tail { rest() }
  }

  mutating func removeAll() {
    head = tail
    rest()
  }

  // MARK: Appending

  mutating func append(_ bytes: [UInt8]) {
    reserve(bytes.count)
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { (base + tail).copyMemory(from: start, byteCount: source.count) }
    }
    tail += bytes.count
  }

  mutating func append(_ text: StaticString) {
    reserve(text.utf8CodeUnitCount)
    (base + tail).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
    tail += text.utf8CodeUnitCount
  }

  mutating func append(_ byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
    tail += 1
  }

  /// Appends a number in decimal, without making a `String` of it.
  mutating func append(decimal number: UInt64) {
    reserve(20)
    var digits = 1
    var rest = number
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    rest = number
    for offset in stride(from: tail + digits - 1, through: tail, by: -1) {
      base.storeBytes(of: UInt8(truncatingIfNeeded: rest % 10) + 0x30, toByteOffset: offset, as: UInt8.self)
      rest /= 10
    }
    tail += digits
  }

  // MARK: Memory

  private mutating func reserve(_ count: Int) {
    if capacity - tail >= count { return }
    if head > 0, capacity - self.count >= count, self.count <= capacity / 2 {
      base.copyMemory(from: base + head, byteCount: self.count)
    } else {
      move(to: max(capacity * 2, self.count + count))
    }
    tail -= head
    head = 0
  }

  // The caller sets head and tail.
  private mutating func move(to newCapacity: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 1)
    larger.copyMemory(from: base + head, byteCount: count)
    base.deallocate()
    base = larger
    capacity = newCapacity
  }

  private mutating func rest() {
    head = 0
    tail = 0
    if capacity > ByteBuffer.restingCapacity * 16 {
      base.deallocate()
      base = .allocate(byteCount: ByteBuffer.restingCapacity, alignment: 1)
      capacity = ByteBuffer.restingCapacity
    }
  }
}
