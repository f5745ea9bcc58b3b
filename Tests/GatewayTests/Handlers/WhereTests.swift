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
    #expect(body["tiers"]?[0]?["md5"] == nil)
    let old = try #require(body["tiers"]?[1])
    #expect(old["role"] == "older")
    #expect(old["present"] == true)
    #expect(old["size"] == 12)
    #expect(old["flags"] == 7)
    #expect(old["ttl"] == 60)
    #expect(old["md5"] == "51ce875242e653b2b6f090d1a0b6f5df")
    #expect(old["served"] == true)
    let look = [Command(try Key("a"), .get(isPeek: true))]
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
    service.old.put("a", "v")
    let body = try service.send(.get, "/keys/a/where", to: service.admin).json()
    #expect(body["tiers"]?[1]?["counted_as_access"] == true)
    #expect(body["tiers"]?[1]?["ttl"] == nil)
    let text = try service.send(.get, "/keys/a/where", [("Accept", "text/plain")], to: service.admin).text
    let lines = text.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("tier  role     node"))
    #expect(lines[2].hasSuffix("this look counted as an access"))
  }

  @Test("it is on the admin listener alone")
  func adminOnly() throws {
    let service = try Service()
    #expect(try service.send(.get, "/keys/a/where").problem() == "404 no-such-route")
    #expect(try service.send(.post, "/keys/a/where", to: service.admin).problem() == "405 method-not-allowed")
  }
}
