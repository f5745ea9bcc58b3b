// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Testing

@testable import Memcached

@Suite struct ByteBufferTests {
  @Test("bytes come out as they went in, over growth and moves")
  func bytesComeOutAsTheyWentInOverGrowthAndMoves() {
    var buffer = ByteBuffer(capacity: 8)
    var generator = SeededGenerator(seed: 42)
    var expected: [UInt8] = []
    for _ in 0..<2_000 {
      let bytes = (0..<Int(generator.next() % 40)).map { UInt8(truncatingIfNeeded: $0) }
      buffer.append(bytes)
      expected += bytes
      let count = min(expected.count, Int(generator.next() % 45))
      #expect(Array(buffer.readable.prefix(count)) == Array(expected.prefix(count)))
      buffer.consume(count)
      expected.removeFirst(count)
      #expect(buffer.count == expected.count)
    }
    #expect(Array(buffer.readable) == expected)
  }

  @Test("writable room is at least what was asked for and keeps what is there")
  func writableRoomIsAtLeastWhatWasAskedForAndKeepsWhatIsThere() {
    var buffer = ByteBuffer(capacity: 4)
    buffer.append([1, 2, 3])
    let room = buffer.writable(atLeast: 100)
    #expect(room.count >= 100)
    room[0] = 4
    buffer.produced(1)
    #expect(Array(buffer.readable) == [1, 2, 3, 4])
  }

  @Test("memory that one large value needed is given back") func memoryThatOneLargeValueNeededIsGivenBack() {
    var buffer = ByteBuffer()
    buffer.append([UInt8](repeating: 1, count: 10 << 20))
    #expect(buffer.capacity >= 10 << 20)
    buffer.consume(buffer.count)
    #expect(buffer.capacity == ByteBuffer.restingCapacity)
  }
}
