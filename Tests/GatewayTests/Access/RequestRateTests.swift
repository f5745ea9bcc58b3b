// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Microhttpd
import Reactor
import Testing

@testable import Gateway

@Suite struct RequestRateTests {
  private static let start = Instant(nanoseconds: 5_000_000_000)
  private static func rate(_ perSecond: Int, burst: Int) -> RequestRate {
    RequestRate(.init(perSecond: perSecond, burst: burst, by: .address))
  }
  private static func client(_ number: Int) -> RequestRate.Client {
    .address(.init(family: 2, bits: UInt64(bitPattern: Int64(number))))
  }

  @Test("a burst at once, then the rate, and who has to wait is told for how long")
  func bucket() {
    let rate = Self.rate(10, burst: 3)
    let one = Self.client(1)
    for _ in 0..<3 { #expect(rate.take(one, now: Self.start) == nil) }
    #expect(rate.take(one, now: Self.start) == .milliseconds(100))
    #expect(rate.take(one, now: Self.start + .milliseconds(40)) == .milliseconds(60))
    #expect(rate.take(one, now: Self.start + .milliseconds(100)) == nil)
    #expect(rate.take(one, now: Self.start + .milliseconds(100)) == .milliseconds(100))
    // Others have their own.
    #expect(rate.take(Self.client(2), now: Self.start) == nil)
    #expect(rate.take(.token("1"), now: Self.start) == nil)
    // A long rest does not add up to more than a burst.
    let later = Self.start + .seconds(3600)
    for _ in 0..<3 { #expect(rate.take(one, now: later) == nil) }
    #expect(rate.take(one, now: later) != nil)
  }

  @Test("over a long time there are as many as the rate says", arguments: [1, 3, 7, 1000, 1_000_000])
  func longRun(_ perSecond: Int) {
    let rate = Self.rate(perSecond, burst: 2)
    let step = Duration.nanoseconds(1_000_000_000 / Int64(perSecond) / 7)
    var now = Self.start
    var taken = 0
    for _ in 0..<7_000 {
      if rate.take(Self.client(1), now: now) == nil { taken += 1 }
      now = now + step
    }
    #expect((990...1_001).contains(taken), "\(taken)")
  }

  @Test("not more clients are remembered than may be, and who has asked most is not forgotten")
  func bounded() {
    let rate = Self.rate(1, burst: 100)
    let greedy = RequestRate.Client.token("greedy")
    for _ in 0..<100 { #expect(rate.take(greedy, now: Self.start) == nil) }
    for number in 0..<(2 * RequestRate.capacity) { _ = rate.take(Self.client(number), now: Self.start) }
    #expect(rate.clientCount <= RequestRate.capacity)
    #expect(rate.take(greedy, now: Self.start) != nil)
    // Those who have not asked for a while make room.
    let later = Self.start + .seconds(200)
    for number in 0..<RequestRate.capacity { _ = rate.take(Self.client(-1 - number), now: later) }
    #expect(rate.clientCount <= RequestRate.capacity)
  }

  @Test("threads that ask at the same time get no more than there is")
  func threads() async {
    let rate = Self.rate(1, burst: 1_000)
    let taken = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask { (0..<1_000).count { _ in rate.take(Self.client(1), now: Self.start) == nil } }
      }
      return await group.reduce(0, +)
    }
    #expect(taken == 1_000)
  }

  // MARK: In the service

  private static func service(_ by: RateLimitBy) throws -> Service {
    let service = try Service()
    let tokens = Tokens([
      TokenHash(of: [UInt8](Array("a".utf8))): Token(name: "a", rights: Set(Right.allCases)),
      TokenHash(of: [UInt8](Array("b".utf8))): Token(name: "b", rights: Set(Right.allCases)),
    ])
    service.context.access = AccessControl(
      tokens: by == .token ? tokens : nil, rate: RequestRate(.init(perSecond: 1, burst: 2, by: by)))
    return service
  }

  private static func get(_ service: Service, _ address: Int, _ path: String = "/keys/k") throws -> Response {
    let request = HandmadeRequest(.get, path)
    request.clientAddress = .init(family: 2, bits: UInt64(address))
    return try service.send(request)
  }

  @Test("an address that asks too often is told when to come back")
  func byAddress() throws {
    let service = try Self.service(.address)
    #expect(try Self.get(service, 1).status == 404)
    #expect(try Self.get(service, 1).status == 404)
    let refused = try Self.get(service, 1)
    #expect(try refused.problem() == "429 rate-limited")
    #expect(refused.field("Retry-After") == "1")
    #expect(try Self.get(service, 2).status == 404)
    #expect(try Self.get(service, 1, "/livez").status == 200)
    #expect(try service.send(.options, "/keys/k").status == 204)
  }

  @Test("who is refused before the body comes counts once, and so does who is not")
  func longBodies() throws {
    let service = try Service()
    let hash = TokenHash(of: Array("a".utf8))
    let rate = RequestRate(.init(perSecond: 1, burst: 2, by: .address))
    let tokens = Tokens([hash: Token(name: "a", rights: [.write])])
    service.context.access = AccessControl(tokens: tokens, rate: rate)
    func refusal(_ fields: [(String, String)]) -> Int? {
      service.data.refusal(HandmadeRequest(.put, "/keys/a", fields, contentLength: 100_000))?.status
    }
    let right = [("Authorization", "Bearer a")]
    for _ in 0..<5 { #expect(refusal(right) == nil) }
    #expect(try service.send(.put, "/keys/a", right, body: "v").status == 204)
    #expect(refusal([]) == 401)
    #expect(refusal([]) == 429)
    #expect(try service.send(.put, "/keys/a", right, body: "v").status == 429)
  }

  @Test("by token each has its own rate, whoever sends it, and the admin listener has none")
  func byToken() throws {
    let service = try Self.service(.token)
    func status(_ token: String, _ path: String = "/keys/k", admin: Bool = false) throws -> Int {
      let fields = [("Authorization", "Bearer \(token)")]
      return try service.send(.get, path, fields, to: admin ? service.admin : nil).status
    }
    #expect(try (0..<3).map { _ in try status("a") } == [404, 404, 429])
    #expect(try status("b") == 404)
    #expect(try status("wrong") == 401)
    for _ in 0..<5 { #expect(try status("a", "/version", admin: true) == 200) }
    #expect(try status("a", "/keys/k/where", admin: true) == 200)
  }

  @Test("settings: a rate by token needs tokens, and the burst is that of a second unless it is said")
  func settings() throws {
    let error = try #require(throws: SettingsError.self) {
      try Settings.resolve(flags: [.rateLimit: ["5"], .rateLimitBy: ["token"]])
    }
    #expect(error.faults.map(\.name) == [.rateLimitBy])
    for (name, text) in [(SettingName.rateLimit, "-1"), (.rateLimit, "1000001"), (.rateBurst, "0")] {
      #expect(throws: SettingsError.self) { try Settings.resolve(flags: [name: [text]]) }
    }
    let settings = try Settings.resolve(flags: [.rateLimit: ["5"], .rateBurst: ["7"]])
    #expect((settings.rateLimit, settings.rateBurst, settings.rateLimitBy) == (5, 7, .address))
    #expect(try Settings.resolve(flags: [.rateLimit: ["5"]]).rateBurst == nil)
  }
}
