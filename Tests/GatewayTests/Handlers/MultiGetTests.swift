// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Testing

@testable import Gateway

@Suite struct MultiGetTests {
  @Test("each key is in one list, in the order of the request")
  func lists() throws {
    let service = try Service()
    service.new.put("b", "1")
    service.old.put("a", [0xFF], ttl: 9)
    let response = try service.send(.get, "/keys?key=x&key=b&key=y&key=a")
    #expect(response.status == 200)
    #expect(
      try response.json() == [
        "items": [
          ["key": "b", "value": "1", "flags": 0, "ttl": nil, "cas": "1", "tier": "new"],
          [
            "key": "a", "value": "/w==", "encoding": "base64", "flags": 0, "ttl": 9, "cas": "1",
            "tier": "old",
          ],
        ], "missing": ["x", "y"], "errors": [],
      ])
    #expect(response.field("Content-Type") == "application/json")
    #expect(response.field("Cache-Control") == "no-cache")
  }

  @Test("a key that could not be looked for is an error, and not missing")
  func errors() throws {
    let service = try Service()
    let bad = try Key("bad")
    service.new.put("good", "1")
    service.new.script = { command in
      command.key == bad ? .failure(MemcachedError(.timedOut, "no answer", node: "new:11211")) : nil
    }
    let response = try service.send(.get, "/keys?key=bad&key=good&key=none")
    #expect(response.status == 200)
    let body = try response.json()
    #expect(body["items"]?.count == 1)
    #expect(body["missing"] == ["none"])
    #expect(
      body["errors"] == [
        [
          "key": "bad", "type": "/problems/timeout", "status": 504,
          "title": "The backend did not answer in time", "detail": "no answer", "tier": "new",
          "node": "new:11211",
        ]
      ])
  }

  @Test("a key that is given twice is answered once, in its first place")
  func duplicates() throws {
    let service = try Service()
    for key in ["a", "b"] { service.new.put(key, key) }
    let body = try service.send(.get, "/keys?key=b&key=a&key=b&key=%62").json()
    #expect(body["items"]?.count == 2)
    #expect(body["items"]?[0]?["key"] == "b")
    #expect(service.new.commands.count == 2)
  }

  @Test("keys are decoded once")
  func decoding() throws {
    let body = try Service().send(.get, "/keys?key=a%2Fb&key=a+b&key=a%2526b&key=a=b").json()
    #expect(body["missing"] == ["a/b", "a+b", "a%26b", "a=b"])
  }

  @Test(
    "what cannot be asked for is 400 and names it",
    arguments: [
      ("/keys", "invalid-query", "?key="), ("/keys?", "invalid-query", "?key="),
      ("/keys?key=a&key=", "invalid-key", "key ``"), ("/keys?key=a&key=b%20c", "invalid-key", "key `b c`"),
      ("/keys?key=a&key=b&key=c&key=d", "invalid-query", "4 keys; at most 3"),
    ])
  func refused(_ target: String, _ type: String, _ detail: String) throws {
    let service = try Service { $0.maximumKeysPerRequest = 3 }
    let response = try service.send(.get, target)
    #expect(try response.problem() == "400 \(type)")
    #expect(try response.json()["detail"]?.string?.contains(detail) == true)
    #expect(service.new.commands.isEmpty)
  }

  @Test("values are answered up to the bytes that an answer may have, and the rest is told of")
  func budget() throws {
    for policy in [FallbackPolicy.strict, .mirror] {
      let service = try Service {
        $0.maximumBatchLength = 10
        $0.policy = policy
      }
      for (key, length) in [("a", 6), ("b", 5), ("c", 4), ("d", 1)] {
        service.new.put(key, String(repeating: "x", count: length))
      }
      let body = try service.send(.get, "/keys?key=a&key=b&key=c&key=d&key=e").json()
      #expect(body["items"]?.count == 2)
      #expect(body["items"]?[0]?["key"] == "a")
      #expect(body["items"]?[1]?["key"] == "c")
      #expect(body["missing"] == ["e"])
      #expect(body["errors"]?.count == 2)
      for (index, key) in ["b", "d"].enumerated() {
        let error = body["errors"]?[index]
        #expect(error?["key"]?.string == key)
        #expect(error?["type"] == "/problems/answer-too-large")
        #expect(error?["status"] == 413)
        #expect(error?["detail"]?.string?.contains("10 bytes") == true)
      }
    }
  }

  @Test("under pymemcache's policy, where one failure is that of all, too many bytes are one")
  func budgetTogether() throws {
    let service = try Service {
      $0.maximumBatchLength = 10
      $0.policy = .pymemcache
    }
    for key in ["a", "b"] { service.old.put(key, "123456") }
    let body = try service.send(.get, "/keys?key=a&key=b").json()
    #expect(body["errors"]?.count == 2)
    #expect(body["errors"]?[1]?["type"] == "/problems/answer-too-large")
    #expect(body["errors"]?[1]?["tier"] == "old")
    let alone = try service.send(.get, "/keys?key=a").json()
    #expect(alone["items"]?.count == 1)
  }

  @Test("HEAD only looks")
  func head() throws {
    let service = try Service()
    service.new.put("a", "v")
    let get = try service.send(.get, "/keys?key=a&key=b")
    let head = try service.send(.head, "/keys?key=a&key=b")
    #expect(head.status == 200)
    #expect(head.body == get.body)
    let peeks = service.new.commands.map { $0.operation == .get(isPeek: true) }
    #expect(peeks == [false, false, true, true])
  }

  @Test("there is no tag of many items to ask with", arguments: ["If-Match", "If-None-Match"])
  func conditions(_ field: String) throws {
    let service = try Service()
    #expect(try service.send(.get, "/keys?key=a", [(field, "*")]).problem() == "400 invalid-precondition")
    #expect(service.new.commands.isEmpty)
  }

  @Test("only JSON has room for many")
  func notAcceptable() throws {
    let response = try Service().send(.get, "/keys?key=a", [("Accept", "application/octet-stream")])
    #expect(try response.problem() == "406 not-acceptable")
  }
}
