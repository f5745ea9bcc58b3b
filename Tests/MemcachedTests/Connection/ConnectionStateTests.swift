// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// The state machine of a connection, spoken to in bytes, without sockets.
@Suite struct ConnectionStateTests {
  private static func opened() -> Wire {
    let wire = Wire()
    wire.receive(Wire.modern)
    return wire
  }

  // MARK: Replies

  @Test("replies go to the requests in order")
  func repliesInOrder() {
    let wire = ConnectionStateTests.opened()
    wire.send(1, .get(isPeek: false))
    wire.send(2, .delete(ifUnchanged: nil))
    wire.send(3, .increment(delta: 1))
    #expect(wire.receive("EN O1\r\nHD O2\r\nVA 1 c4 O3\r\n5\r\n") == "waiting")
    #expect(wire.results[1] == .success(.miss))
    #expect(wire.results[2] == .success(.deleted))
    guard case .success(.counter(5, _)) = wire.results[3] else { return #expect(Bool(false)) }
  }

  @Test(
    "a reply whose opaque is not the oldest request's ends the connection before anyone gets it",
    arguments: ["VA 1 f0 O2\r\nx\r\n", "VA 1 f0\r\nx\r\n", "EN O9\r\n", "EN\r\n", "VA 1 f0 O0\r\nx\r\n"])
  func foreignOpaque(_ reply: String) {
    let wire = ConnectionStateTests.opened()
    wire.send(1, .get(isPeek: false))
    wire.send(2, .get(isPeek: false))
    #expect(wire.receive(reply) == "protocol-violation")
    #expect(wire.results.isEmpty)
  }

  @Test("a miss without opaque is accepted of releases that do not send it")
  func missWithoutOpaqueOfOldReleases() {
    let wire = Wire()
    wire.receive("MN\r\nVERSION 1.6.14\r\nEND\r\nEND\r\n")
    wire.send(1, .get(isPeek: false))
    wire.receive("EN\r\n")
    #expect(wire.results[1] == .success(.miss))
    wire.send(2, .delete(ifUnchanged: nil))
    #expect(wire.receive("NF\r\n") == "protocol-violation")
  }

  @Test("bytes that nothing asked for end the connection")
  func unsolicitedBytes() {
    let wire = ConnectionStateTests.opened()
    #expect(wire.receive("x") == "protocol-violation")
  }

  @Test("a SERVER_ERROR fails its request and the next one is answered")
  func serverErrorFailsOne() {
    let wire = ConnectionStateTests.opened()
    wire.send(1, .get(isPeek: false))
    wire.send(2, .get(isPeek: false))
    wire.receive("SERVER_ERROR out of memory reading request\r\nEN O2\r\n")
    guard case .failure(let error) = wire.results[1] else { return #expect(Bool(false)) }
    #expect(error.serverLine == "SERVER_ERROR out of memory reading request")
    #expect(wire.results[2] == .success(.miss))
  }

  @Test(
    "an ERROR ends the connection: what follows cannot be trusted",
    arguments: ["ERROR\r\n", "CLIENT_ERROR x\r\n"])
  func errorEndsTheConnection(_ line: String) {
    let wire = ConnectionStateTests.opened()
    wire.send(1, .get(isPeek: false))
    #expect(wire.receive(line) == "rejected")
  }

  @Test("the reply of a noreply command is taken off the wire and given to nobody")
  func noreplyIsConsumed() {
    let wire = ConnectionStateTests.opened()
    wire.send(1, .delete(ifUnchanged: nil), noreply: true)
    wire.send(2, .get(isPeek: false))
    wire.receive("NF O1\r\nEN O2\r\n")
    #expect(wire.results.count == 1)
    #expect(wire.results[2] == .success(.miss))
  }

  // MARK: Time

  @Test("a late reply is dropped, and the request behind it gets its own")
  func lateReplyIsDropped() {
    let wire = ConnectionStateTests.opened()
    wire.send(1, .get(isPeek: false), deadline: 100)
    wire.send(2, .get(isPeek: false), deadline: 500)
    let first = wire.state.expire(now: Instant(nanoseconds: 200))
    #expect(first.expired.count == 1 && first.lateCount == 1)
    let second = wire.state.expire(now: Instant(nanoseconds: 200))
    #expect(second.expired.isEmpty && second.lateCount == 0)
    #expect(wire.state.nextDeadline == Instant(nanoseconds: 500))
    wire.receive("VA 1 f0 c1 t-1 O1\r\nA\r\nVA 1 f0 c1 t-1 O2\r\nB\r\n")
    #expect(wire.results[1] == nil)
    guard case .success(.hit(let item)) = wire.results[2] else { return #expect(Bool(false)) }
    #expect(item.value == [UInt8(ascii: "B")])
  }

  @Test("a caller's own deadline says nothing of the server: it is late when the node's time has passed")
  func lateness() {
    let wire = ConnectionStateTests.opened()
    wire.send(1, .get(isPeek: false), deadline: 100, lateAt: 300)
    wire.send(2, .get(isPeek: false), deadline: 150, lateAt: 310)
    let early = wire.state.expire(now: Instant(nanoseconds: 200))
    #expect(early.expired.count == 2 && early.lateCount == 0)
    #expect(wire.state.nextDeadline == Instant(nanoseconds: 300))
    #expect(wire.state.expire(now: Instant(nanoseconds: 300)).lateCount == 1)
    #expect(wire.state.nextDeadline == Instant(nanoseconds: 310))
    #expect(wire.state.expire(now: Instant(nanoseconds: 400)).lateCount == 1)
    #expect(wire.state.nextDeadline == nil)
  }

  @Test("a reply in its time ends the doubt of a server, a late one does not, nor does a handshake")
  func doubt() {
    let wire = ConnectionStateTests.opened()
    #expect(wire.state.isInDoubt)
    wire.send(1, .get(isPeek: false), deadline: 10, lateAt: 100)
    wire.receive("EN O1\r\n")
    #expect(!wire.state.isInDoubt)
    wire.send(2, .get(isPeek: false), deadline: 100)
    _ = wire.state.expire(now: Instant(nanoseconds: 100))
    #expect(wire.state.isInDoubt)
    wire.receive("EN O2\r\n")
    #expect(wire.state.isInDoubt)
    // Dropped, since its caller had less time, but in the server's.
    wire.send(3, .get(isPeek: false), deadline: 150, lateAt: 300)
    #expect(wire.state.expire(now: Instant(nanoseconds: 200)).expired.count == 1)
    wire.receive("EN O3\r\n")
    #expect(!wire.state.isInDoubt)
  }

  @Test("silence is measured at the oldest request, answered ones do not count")
  func silence() {
    let wire = ConnectionStateTests.opened()
    wire.send(1, .get(isPeek: false), deadline: 20, lateAt: 100)
    #expect(!wire.state.isSilent(now: Instant(nanoseconds: 149), patience: .nanoseconds(50)))
    #expect(wire.state.isSilent(now: Instant(nanoseconds: 150), patience: .nanoseconds(50)))
    wire.receive("EN O1\r\n")
    #expect(!wire.state.isSilent(now: .distantFuture, patience: .zero))
  }

  @Test("only the meta protocol can tell a late reply from the next one")
  func classicDoesNotSurviveTimeouts() {
    #expect(ConnectionStateTests.opened().state.survivesTimeouts)
    let classic = Wire(choice: .classic)
    classic.receive("VERSION 1.6.18\r\nEND\r\nEND\r\n")
    #expect(!classic.state.survivesTimeouts)
  }

  @Test("closing hands over everything in flight, once")
  func closing() {
    let wire = ConnectionStateTests.opened()
    for number in 1...5 { wire.send(number, .get(isPeek: false)) }
    #expect(wire.state.close().count == 5)
    #expect(wire.state.close().isEmpty)
  }

  @Test("any split of the stream gives the same replies")
  func anySplit() {
    let stream = "EN O1\r\nVA 3 f1 c2 t9 O2\r\na\r\n\r\nHD c3 O3\r\nVA 1 O4\r\n7\r\n"
    for cut in 1..<stream.utf8.count {
      let wire = Wire()
      wire.receive(Wire.modern)
      wire.send(1, .get(isPeek: false))
      wire.send(2, .get(isPeek: false))
      wire.send(3, .store(.set, value: [], flags: 0, exptime: .never))
      wire.send(4, .increment(delta: 1))
      var buffer = ByteBuffer()
      for piece in [stream.utf8.prefix(cut), stream.utf8.dropFirst(cut)] {
        buffer.append(Array(piece))
        loop: while true {
          switch wire.state.next(buffer.readable) {
          case .completed(let completion, let result, let length):
            buffer.consume(length)
            completion(result)
          case .needsMore: break loop
          default: return #expect(Bool(false), "cut at \(cut)")
          }
        }
      }
      #expect(wire.results.count == 4, "cut at \(cut)")
    }
  }

  // MARK: Pieces

  /// Requests of these lengths, cut into pieces of at most ten bytes.
  @Test(
    "a piece holds whole requests or a part of one",
    arguments: [
      ([3, 3, 3], [9]), ([3, 3, 3, 3], [9, 3]), ([10, 1], [10, 1]), ([11, 1], [10, 1, 1]),
      ([4, 25, 4], [4, 10, 10, 5, 4]),
      ([25, 3, 3], [10, 10, 5, 6]), ([30], [10, 10, 10]), ([1], [1]),
    ])
  func pieces(_ lengths: [Int], _ expected: [Int]) {
    var state = ConnectionStateTests.opened().state
    var ignored = ByteBuffer()
    var end: UInt64 = 100
    for length in lengths {
      state.send(
        Command(try! Key("k"), .get(isPeek: false)), deadline: .distantFuture, lateAt: .distantFuture,
        streamOffset: end, unixTime: 0, completion: nil, into: &ignored)
      end += UInt64(length)
    }
    var offset: UInt64 = 100
    var pieces: [Int] = []
    while offset < end {
      pieces.append(state.pieceLength(from: offset, to: end, limit: 10))
      offset += UInt64(pieces.last ?? 0)
    }
    #expect(pieces == expected)
  }
}
