// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// Values that are too large to wait for in the read buffer.
@Suite struct PartialValueTests {
  private static let value = (0..<Decoded.largeValue + 5).map { "\($0 % 10)" }.joined()
  private static let reply = "VA \(value.utf8.count) f7 t60 c3 O1\r\n\(value)\r\n"

  private static func asked() -> Wire {
    let wire = Wire()
    wire.receive(Wire.modern)
    wire.send(1, .get(isPeek: false), deadline: 100)
    wire.send(2, .get(isPeek: false), deadline: 1000)
    return wire
  }

  private static func isValue(_ result: Result<Reply, MemcachedError>?) -> Bool {
    guard case .success(.hit(let item)) = result else { return false }
    return item.value == Array(value.utf8) && item.flags == 7 && item.ttl == .seconds(60)
      && item.cas?.unique == 3
  }

  @Test(
    "a large value is the same in whatever pieces it comes, and so is what follows it",
    arguments: [1, 7, 1_000, 65_536, 65_563, 65_564, 65_565, 65_566, 65_567, 65_568, 65_569, 65_570, 1 << 20])
  func pieces(length: Int) {
    let wire = PartialValueTests.asked()
    let stream = Array((PartialValueTests.reply + "VA 1 f0 O2\r\nx\r\n").utf8)
    for start in stride(from: 0, to: stream.count, by: length) {
      let piece = stream[start..<min(start + length, stream.count)]
      #expect(wire.receive(String(decoding: piece, as: UTF8.self)) == "waiting")
    }
    #expect(PartialValueTests.isValue(wire.results[1]))
    #expect(wire.results[2] == .success(.hit(Item(value: [UInt8(ascii: "x")]))))
  }

  @Test(
    "a large value that no line end follows ends the connection, and nobody gets it",
    arguments: ["\rx", "xx"])
  func noLineEnd(_ end: String) {
    let wire = PartialValueTests.asked()
    for piece in ["VA 70000 f0 O1\r\n", String(repeating: "a", count: 70_000)] { wire.receive(piece) }
    #expect(wire.receive(end) == "protocol-violation")
    #expect(wire.results.isEmpty)
    #expect(wire.state.close().count == 2)
  }

  @Test("a large value with another's opaque ends the connection, and nobody gets it")
  func foreignOpaque() {
    let wire = PartialValueTests.asked()
    for piece in ["VA 70000 f0 O2\r\n", String(repeating: "a", count: 70_000)] { wire.receive(piece) }
    #expect(wire.receive("\r\n") == "protocol-violation")
    #expect(wire.results.isEmpty)
    #expect(wire.state.close().count == 2)
  }

  @Test("a large value whose time passes on the way goes to nobody, and the next request gets its own")
  func late() {
    let wire = PartialValueTests.asked()
    let reply = PartialValueTests.reply
    wire.receive(String(reply.prefix(40_000)))
    #expect(wire.state.expire(now: Instant(nanoseconds: 200)).expired.count == 1)
    #expect(wire.receive(String(reply.dropFirst(40_000))) == "waiting")
    #expect(wire.results.isEmpty)
    wire.receive("EN O2\r\n")
    #expect(wire.results == [2: .success(.miss)])
  }

  @Test("a connection that ends within a large value fails its request with the others")
  func ended() {
    let wire = PartialValueTests.asked()
    wire.receive(String(PartialValueTests.reply.prefix(40_000)))
    #expect(wire.state.close().count == 2)
    #expect(wire.results.isEmpty)
  }
}
