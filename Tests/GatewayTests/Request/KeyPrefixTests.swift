// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Testing

@testable import Gateway

@Suite struct KeyPrefixTests {
  private func service() throws -> Service {
    let prefix = try KeyPrefix("app:")
    return try Service { $0.keyPrefix = prefix }
  }

  @Test("the tiers have the prefix, and no answer does")
  func everyVerb() throws {
    let service = try service()
    service.old.put("app:b", "old")
    var answers: [Response] = []
    func send(_ method: Microhttpd.Method, _ target: String, _ body: String = "", admin: Bool = false) throws
    {
      answers.append(
        try service.send(method, target, body: body, to: admin ? service.admin : nil))
    }
    try send(.put, "/keys/a", "5")
    #expect(service.new.text("app:a") == "5")
    try send(.post, "/keys/a/incr")
    try send(.post, "/keys/a/append", "7")
    try send(.post, "/keys/a/prepend", "3")
    try send(.post, "/keys/a/touch?ttl=100")
    #expect(service.new.text("app:a") == "367")
    try send(.get, "/keys/a")
    try send(.get, "/keys/b?promote=1")
    #expect(service.new.text("app:b") == "old")
    try send(.get, "/keys?key=a&key=b&key=c")
    try send(.get, "/keys/a/where", admin: true)
    try send(.delete, "/keys/a")
    try send(.post, "/keys/n/incr?initial=1")
    answers.append(try service.send(.post, "/incr", json: #"{"key":"n","delta":2}"#))
    #expect(service.new.text("app:n") == "3")
    answers.append(
      try service.send(
        .post, "/batch",
        json: #"""
          {"operations":[{"op":"set","key":"x","value":"v"},{"op":"get","key":"x"},{"op":"incr","key":"n"}]}
          """#))
    #expect(service.new.text("app:x") == "v")
    #expect(service.new.items.keys.allSatisfy { $0.bytes.starts(with: "app:".utf8) })
    for answer in answers {
      #expect((200...299).contains(answer.status), "\(answer.text)")
      #expect(!answer.text.contains("app:"))
    }
  }

  @Test("an ETag is of the item under the prefix")
  func conditions() throws {
    let service = try service()
    let tag = try #require(try service.send(.put, "/keys/a", body: "v").field("ETag"))
    #expect(try service.send(.put, "/keys/a", [("If-Match", tag)], body: "w").status == 204)
    #expect(try service.send(.delete, "/keys/a", [("If-Match", tag)]).status == 412)
    #expect(service.new.text("app:a") == "w")
  }

  @Test("a key that is too long with the prefix is refused, and told what is left")
  func tooLong() throws {
    let service = try service()
    let (fits, long) = (String(repeating: "k", count: 246), String(repeating: "k", count: 247))
    #expect(try service.send(.put, "/keys/\(fits)", body: "v").status == 204)
    let json = #"{"operations":[{"op":"get","key":"\#(long)"}]}"#
    let batch = try service.send(.post, "/batch", json: json).json()["results"]?[0]?["problem"]
    #expect(batch?["detail"] == "a key has at most 246 bytes here, this one 247")
    for response in [
      try service.send(.put, "/keys/\(long)", body: "v"), try service.send(.get, "/keys?key=a&key=\(long)"),
      try service.send(.post, "/incr", json: #"{"key":"\#(long)"}"#),
    ] {
      #expect(try response.problem() == "400 invalid-key")
      #expect(
        try response.json()["detail"]?.string?.hasSuffix("at most 246 bytes here, this one 247") == true)
    }
  }

  @Test(
    "a prefix is what a key can begin with",
    arguments: [
      ("a", true), ("app:", true), ("ä/", true), (String(repeating: "p", count: 249), true),
      (String(repeating: "p", count: 250), false), ("a b", false), ("a\n", false), ("a\u{7F}", false),
    ])
  func syntax(_ text: String, _ isGood: Bool) throws {
    if isGood {
      let sources = SettingSources(flags: [.keyPrefix: [text]])
      let settings = try Settings.resolve(sources)
      #expect(settings.keyPrefix?.bytes == Array(text.utf8))
      #expect(settings.report(sources).contains("\(text)  (flag)"))
    } else {
      let error = try #require(throws: SettingsError.self) {
        try Settings.resolve(flags: [.keyPrefix: [text]])
      }
      #expect(error.description.contains("no key can begin with it"))
    }
  }
}
