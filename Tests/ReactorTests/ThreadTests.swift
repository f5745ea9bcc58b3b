// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Synchronization
import Testing

@testable import Reactor

@Suite struct MailboxTests {
  @Test("letters from many threads all arrive, those of one thread in order")
  func lettersFromManyThreadsAllArriveThoseOfOneThreadInOrder() throws {
    let loop = try EventLoop()
    let received = Mutex<[[Int]]>(Array(repeating: [], count: 4))
    let mailbox = loop.mailbox
    let box = Shared(received)
    for thread in 0..<4 {
      try startThread(named: "poster") {
        for number in 0..<1_000 {
          mailbox.post { box.value.withLock { $0[thread].append(number) } }
        }
      }
    }
    while box.value.withLock({ $0.map(\.count).reduce(0, +) }) < 4_000 { try loop.turn() }
    #expect(box.value.withLock { $0 } == Array(repeating: Array(0..<1_000), count: 4))
  }

  @Test("a letter wakes a loop that sleeps for ever") func aLetterWakesALoopThatSleepsForEver() throws {
    let loop = try EventLoop()
    let bound = LoopBound(loop, on: loop)
    try startThread(named: "waker") { bound.post { $0.stop() } }
    try loop.run()
  }

  @Test("a letter posted by a letter waits for the next turn")
  func aLetterPostedByALetterWaitsForTheNextTurn() throws {
    let loop = try EventLoop()
    let count = Shared(Atomic(0))
    func total() -> Int { count.value.load(ordering: .relaxed) }
    let mailbox = loop.mailbox
    mailbox.post {
      count.value.wrappingAdd(1, ordering: .relaxed)
      mailbox.post { count.value.wrappingAdd(1, ordering: .relaxed) }
    }
    try loop.turn()
    #expect(total() == 1)
    try loop.turn()
    #expect(total() == 2)
  }

  @Test("a closed mailbox has run what it held and refuses the rest")
  func aClosedMailboxHasRunWhatItHeldAndRefusesTheRest() throws {
    let loop = try EventLoop()
    let count = Shared(Atomic(0))
    func total() -> Int { count.value.load(ordering: .relaxed) }
    let isTaken = loop.mailbox.post { count.value.wrappingAdd(1, ordering: .relaxed) }
    #expect(isTaken)
    loop.closeMailbox()
    #expect(total() == 1)
    let isTakenLate = loop.mailbox.post { count.value.wrappingAdd(1, ordering: .relaxed) }
    #expect(!isTakenLate)
    try loop.turn(maxSleep: .zero)
    #expect(total() == 1)
  }
}

@Suite struct ResolverTests {
  @Test("a numeric host is its own answer", arguments: ["127.0.0.1", "::1"])
  func aNumericHostIsItsOwnAnswer(host: String) throws {
    let addresses = try Resolver.lookUp(host: host, port: 11_211).get()
    #expect(addresses == [try #require(SocketAddress(numericHost: host, port: 11_211))])
  }

  @Test("localhost resolves to loopback addresses with the port")
  func localhostResolvesToLoopbackAddressesWithThePort() throws {
    let addresses = try Resolver.lookUp(host: "localhost", port: 11_211).get()
    #expect(!addresses.isEmpty)
    #expect(addresses.allSatisfy { $0.isLoopback && $0.port == 11_211 })
  }

  @Test("a name that cannot exist fails with words that name it")
  func aNameThatCannotExistFailsWithWordsThatNameIt() {
    #expect {
      try Resolver.lookUp(host: "no such host", port: 1).get()
    } throws: { "\($0)".hasPrefix("cannot resolve no such host: ") }
  }

  @Test("the answer comes on the loop's thread, and what it captured is freed there")
  func theAnswerComesOnTheLoopSThreadAndWhatItCapturedIsFreedThere() throws {
    final class Captured {
      let thread = pthread_self()
      let isRightThread: Shared<Atomic<Bool>>
      init(_ isRightThread: Shared<Atomic<Bool>>) { self.isRightThread = isRightThread }
      deinit { isRightThread.value.store(pthread_equal(thread, pthread_self()) != 0, ordering: .relaxed) }
    }
    for _ in 0..<100 {
      let loop = try EventLoop()
      let isRightThread = Shared(Atomic(false))
      var addresses: [SocketAddress]?
      func resolve() {
        let captured = Captured(isRightThread)
        Resolver.resolve(host: "127.0.0.1", port: 80, on: loop) { result in
          withExtendedLifetime(captured) { addresses = try? result.get() }
        }
      }
      resolve()
      while addresses == nil { try loop.turn() }
      let isRight = isRightThread.value.load(ordering: .relaxed)
      #expect(isRight)
    }
  }
}

@Suite struct ThreadTests {
  @Test("a thread's name is cut to what the kernel takes") func aThreadSNameIsCutToWhatTheKernelTakes() throws
  {
    let loop = try EventLoop()
    let name = Shared(Mutex(""))
    let bound = LoopBound(loop, on: loop)
    try startThread(named: "a name that is too long") {
      let text = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
      name.value.withLock { $0 = text ?? "" }
      bound.post { $0.stop() }
    }
    try loop.run()
    #expect(name.value.withLock { $0 } == "a name that is \n")
  }
}

/// Something that cannot be copied, held by several closures.
final class Shared<Value: ~Copyable & Sendable>: Sendable {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}
