// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Testing

@testable import Gateway

/// `GET /keys/{key}?promote=1`, `Prefer: promote`, and what a read says of copies.
@Suite struct PromotionTests {
  @Test("promote=1 answers with the primary's item and a strong tag that a write by If-Match takes")
  func promotes() throws {
    let service = try Service()
    service.old.put("a", "v", flags: 7, ttl: 283)
    let response = try service.send(.get, "/keys/a?promote=1")
    #expect(response.status == 200)
    #expect(
      try response.json() == [
        "key": "a", "value": "v", "flags": 7, "ttl": 283, "cas": "1", "tier": "new",
      ])
    #expect(response.field("Cache-Status") == "old; hit; ttl=283, new; fwd=uri-miss; stored")
    #expect(response.field("Preference-Applied") == nil)
    let tag = try #require(response.field("ETag"))
    #expect(!tag.hasPrefix("W/"))
    #expect(try service.send(.put, "/keys/a", [("If-Match", tag)], body: "w").status == 204)
    #expect(service.new.text("a") == "w" && service.old.text("a") == nil)
  }

  @Test("Prefer: promote does the same and says that it was applied")
  func preferred() throws {
    let service = try Service()
    service.old.put("a", "v")
    let response = try service.send(.get, "/keys/a", [("Prefer", "promote")])
    #expect(response.field("Preference-Applied") == "promote")
    #expect(response.field("ETag")?.hasPrefix("W/") == false)
    let tag = try #require(response.field("ETag"))
    let unchanged = try service.send(.get, "/keys/a", [("Prefer", "promote"), ("If-None-Match", tag)])
    #expect(unchanged.status == 304)
    #expect(unchanged.field("Preference-Applied") == "promote")
    #expect(unchanged.field("Cache-Status") == "new; hit")
  }

  @Test("promote=0, and a preference beside promote=1, are no contradiction")
  func values() throws {
    let service = try Service()
    service.old.put("a", "v")
    let plain = try service.send(.get, "/keys/a?promote=0", [("Accept", "text/plain")])
    #expect(plain.field("ETag")?.hasPrefix("W/") == true)
    service.new.items = [:]
    let both = try service.send(.get, "/keys/a?promote=1", [("Prefer", "promote")])
    #expect(both.field("ETag")?.hasPrefix("W/") == false)
  }

  @Test(
    "anything else is refused and says what is allowed",
    arguments: ["promote=2", "promote=", "promote=true", "promote=1&promote=1", "promotes=1"])
  func refused(_ query: String) throws {
    let service = try Service()
    service.old.put("a", "v")
    let response = try service.send(.get, "/keys/a?\(query)")
    #expect(try response.problem() == "400 invalid-query")
    #expect(service.old.commands.isEmpty && service.new.commands.isEmpty)
  }

  @Test("HEAD changes nothing: promote=1 is refused, the preference passed over")
  func head() throws {
    let service = try Service()
    service.old.put("a", "v")
    let refused = try service.send(.head, "/keys/a?promote=1")
    #expect(try refused.problem() == "400 invalid-query")
    #expect(try refused.json()["detail"] == "HEAD changes nothing: `promote=1` is for GET")
    let response = try service.send(.head, "/keys/a", [("Prefer", "promote")])
    #expect(response.status == 200 && response.field("Preference-Applied") == nil)
    #expect(response.field("ETag")?.hasPrefix("W/") == true)
    #expect(service.new.items.isEmpty)
  }

  @Test("under pymemcache promote=1 is refused, the preference passed over")
  func pymemcache() throws {
    let service = try Service { $0.policy = .pymemcache }
    service.old.put("a", "v")
    let refused = try service.send(.get, "/keys/a?promote=1")
    #expect(try refused.problem() == "400 invalid-query")
    #expect(try refused.json()["detail"]?.string?.contains("--policy pymemcache") == true)
    let response = try service.send(.get, "/keys/a", [("Prefer", "promote")])
    #expect(response.status == 200 && response.field("Preference-Applied") == nil)
    #expect(service.new.items.isEmpty)
  }

  @Test(
    "when the copy cannot be made the answer is the older item with its weak tag, and says why",
    arguments: [(.tooLarge(limit: 5), "too-large"), (.outOfMemory, "out-of-memory"), (.down, "down")]
      as [(MemcachedError.Kind, String)])
  func inVain(_ kind: MemcachedError.Kind, _ word: String) throws {
    let service = try Service()
    service.old.put("a", "v", ttl: 283)
    service.new.script = { command in
      if case .store(.add, _, _, _) = command.operation { .failure(MemcachedError(kind, "x")) } else { nil }
    }
    let response = try service.send(.get, "/keys/a?promote=1", [("Prefer", "promote")])
    #expect(response.status == 200)
    #expect(try response.json()["tier"] == "old")
    #expect(response.field("ETag")?.hasPrefix("W/") == true)
    #expect(response.field("Preference-Applied") == nil)
    #expect(response.field("Cache-Status") == "old; hit; ttl=283, new; fwd=uri-miss; detail=\(word)")
  }

  @Test("an item that expires this very second is not copied, and never without a ttl")
  func expiring() throws {
    let service = try Service()
    service.old.script = { command in
      if case .get = command.operation { .success(.hit(Item(value: [1], ttl: .seconds(0)))) } else { nil }
    }
    let response = try service.send(.get, "/keys/a?promote=1")
    #expect(response.field("Cache-Status") == "old; hit; ttl=0, new; fwd=uri-miss; detail=expiring")
    #expect(service.new.items.isEmpty)
  }

  @Test("the primary is down: the older item, weak, as without promotion")
  func primaryDown() throws {
    let service = try Service()
    service.old.put("a", "v")
    service.new.failure = MemcachedError(.down, "refused")
    let response = try service.send(.get, "/keys/a?promote=1")
    #expect(response.status == 200)
    #expect(response.field("ETag")?.hasPrefix("W/") == true)
    #expect(response.field("Cache-Status") == "old; hit, new; fwd=bypass; detail=down")
  }

  @Test("a ttl that nobody knows is said to be assumed where a copy is made, and only there")
  func assumedTTL() throws {
    let service = try Service { $0.backfill.assumedTTL = Exptime(seconds: 77) }
    service.old.tellsTTL = false
    service.old.put("a", "v")
    let assumed = "old; hit; detail=\"ttl unknown, copied with 77 s\", new; fwd=uri-miss"
    #expect(try service.send(.get, "/keys/a").field("Cache-Status") == assumed)
    #expect(service.new.items[try Key("a")]?.exptime == Exptime(seconds: 77))
    service.new.items = [:]
    #expect(try service.send(.get, "/keys/a?promote=1").field("Cache-Status") == assumed + "; stored")
    service.new.items = [:]
    #expect(try service.send(.head, "/keys/a").field("Cache-Status") == "old; hit, new; fwd=uri-miss")
  }
}
