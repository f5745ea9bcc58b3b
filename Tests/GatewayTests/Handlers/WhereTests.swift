// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Testing

@testable import Gateway

@Suite struct WhereTests {
  @Test("each tier tells for itself, and nothing but a look reaches it")
  func sideBySide() throws {
    let service = try Service()
    service.old.put("a", "Ada Lovelace", flags: 7, ttl: 60)
    let response = try service.send(.get, "/keys/a/where", to: service.admin)
    #expect(response.status == 200)
    let body = try response.json()
    #expect(body["key"] == "a")
    #expect(body["tiers"]?[0]?["name"] == "new")
    #expect(body["tiers"]?[0]?["present"] == false)
    #expect(body["tiers"]?[0]?["sha256"] == nil)
    let old = try #require(body["tiers"]?[1])
    #expect(old["role"] == "older")
    #expect(old["present"] == true)
    #expect(old["size"] == 12)
    #expect(old["flags"] == 7)
    #expect(old["ttl"] == 60)
    #expect(old["sha256"] == "76740216171591903cdbd18fbc770df447c5b1671005ca0020922a465bba0172")
    #expect(old["fetched"] == true && old["seconds_since_access"] == 4)
    #expect(old["unknown"] == [] && old["counted_as_access"] == false)
    #expect(old["same_as_primary"] == nil)
    #expect(old["served"] == true)
    let look = [Command(try Key("a"), .look)]
    #expect(service.new.commands == look && service.old.commands == look)
  }

  @Test("a tier that cannot be asked says why, and the others answer")
  func failure() throws {
    let service = try Service()
    service.new.failure = MemcachedError(.down, "not connected")
    service.old.put("a", "v")
    let body = try service.send(.get, "/keys/a/where", to: service.admin).json()
    #expect(body["tiers"]?[0]?["present"] == nil)
    #expect(body["tiers"]?[0]?["error"] == "new:11211: not connected")
    #expect(body["tiers"]?[1]?["present"] == true)
    #expect(body["tiers"]?[1]?["ttl"] == .null)
  }

  @Test("a classic tier says what its look did and cannot tell")
  func classic() throws {
    let service = try Service()
    service.old.status.wireProtocol = .classic
    service.old.tellsTTL = false
    service.old.script = { _ in
      .success(.seen(Sighting(item: Item(value: Array("v".utf8), cas: CASToken(boot: 1, unique: 9)))))
    }
    let body = try service.send(.get, "/keys/a/where", to: service.admin).json()
    #expect(body["tiers"]?[1]?["counted_as_access"] == true)
    #expect(body["tiers"]?[1]?["ttl"] == nil)
    #expect(body["tiers"]?[1]?["unknown"] == ["fetched", "seconds_since_access", "ttl"])
    let text = try service.send(.get, "/keys/a/where", [("Accept", "text/plain")], to: service.admin).text
    let lines = text.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("tier  role     node"))
    #expect(lines[2].hasSuffix("this look counted as an access"))
  }

  @Test("it tells whether an older tier has what the primary has", arguments: [("v", true), ("w", false)])
  func same(_ value: String, _ isSame: Bool) throws {
    let service = try Service()
    service.new.put("a", "v")
    service.old.put("a", value)
    let body = try service.send(.get, "/keys/a/where", to: service.admin).json()
    #expect(body["tiers"]?[0]?["same_as_primary"] == nil)
    #expect(body["tiers"]?[1]?["same_as_primary"] == .bool(isSame))
  }

  @Test("a copy that is still to be deleted is told, and that it is not served")
  func owed() throws {
    let service = try Service()
    service.old.put("a", "stale")
    service.old.failure = MemcachedError(.down, "not connected")
    #expect(try service.send(.put, "/keys/a", body: "fresh").status == 204)
    service.old.failure = nil
    let tier = try service.send(.get, "/keys/a/where", to: service.admin).json()["tiers"]?[1]
    #expect(tier?["present"] == true && tier?["served"] == false && tier?["same_as_primary"] == false)
  }

  @Test("it is on the admin listener alone")
  func adminOnly() throws {
    let service = try Service()
    #expect(try service.send(.get, "/keys/a/where").problem() == "404 no-such-route")
    #expect(try service.send(.post, "/keys/a/where", to: service.admin).problem() == "405 method-not-allowed")
  }
}
