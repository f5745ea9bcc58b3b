// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd
import Testing

@testable import Gateway

@Suite struct HTTPServiceTests {
  private static func admit(
    _ method: Microhttpd.Method, _ target: String, _ type: String, length: Int?, limit: Int = 1 << 20
  ) throws -> String {
    let service = try Service { $0.maximumValueLength = limit }
    let request = HandmadeRequest(method, target, [("Content-Type", type)], contentLength: length)
    return try service.data.refusal(request)?.problem() ?? "admitted"
  }

  @Test(
    "a body that cannot fit is refused by its announced length",
    arguments: [
      (.put, "/keys/a", "text/plain", 1 << 20, "admitted"),
      (.put, "/keys/a", "text/plain", 1 << 20 + 1, "413 too-large"),
      (.put, "/keys/a", "application/json", 1 << 20 + 1, "admitted"),
      (.put, "/keys/a", "application/json", 6 << 20 + 4096, "admitted"),
      (.put, "/keys/a", "application/json; charset=utf-8", 6 << 20 + 4097, "413 too-large"),
      (.post, "/keys/a/append", "", 1 << 20, "admitted"),
      (.post, "/keys/a/append", "", 1 << 20 + 1, "413 too-large"),
      (.post, "/keys/a/incr", "application/json", 64 << 10, "admitted"),
      (.post, "/keys/a/incr", "application/json", 64 << 10 + 1, "413 too-large"),
      (.post, "/batch", "application/json", 8 << 20, "admitted"),
      (.post, "/batch", "application/json", 8 << 20 + 1, "413 too-large"),
      (.get, "/keys/a", "", 1 << 30, "413 too-large"),
      (.post, "/keys/a", "", 1 << 30, "405 method-not-allowed"),
      (.post, "/nowhere", "", 1 << 30, "404 no-such-route"),
      (.put, "/keys/%zz", "", 1 << 20, "400 invalid-key"),
      (.put, "/keys/a", "", .max, "413 too-large"),
    ] as [(Microhttpd.Method, String, String, Int, String)])
  func lengths(
    _ method: Microhttpd.Method, _ target: String, _ type: String, _ length: Int, _ expected: String
  ) throws {
    #expect(try HTTPServiceTests.admit(method, target, type, length: length) == expected)
  }

  @Test("a short body or none is never refused before it is here")
  func short() throws {
    for length in [nil, 0, 1, 64 << 10] {
      #expect(try HTTPServiceTests.admit(.post, "/nowhere", "", length: length, limit: 10) == "admitted")
    }
  }

  @Test("the longest body that is taken is the longest value, all of it escaped, or the longest batch")
  func longestBody() {
    var settings = Settings()
    settings.maximumBatchLength = 1
    settings.maximumValueLength = 1 << 20
    #expect(HTTPService.longestBody(settings) == 6 << 20 + 4096)
    settings.maximumBatchLength = 8 << 20
    #expect(HTTPService.longestBody(settings) == 8 << 20)
    settings.maximumBatchLength = 1
    settings.maximumValueLength = 1
    #expect(HTTPService.longestBody(settings) == 64 << 10)
  }

  @Test("the largest value fits in either form, one byte more does in neither")
  func largestValue() throws {
    let service = try Service { $0.maximumValueLength = 30_000 }
    for (count, status) in [(30_000, 204), (30_001, 413)] {
      let value = String(repeating: "\u{1}", count: count)
      let json = "{\"value\":\"\(String(repeating: "\\u0001", count: count))\"}"
      #expect(try service.send(.put, "/keys/a", body: value).status == status)
      #expect(try service.send(.put, "/keys/a", json: json).status == status)
      #expect(try service.send(.post, "/keys/b/append", body: value).status == (status == 204 ? 404 : 413))
    }
    #expect(service.new.text("a")?.utf8.count == 30_000)
  }

  @Test("an error is text for those who ask for text, and nobody reads one whose client has gone")
  func errorForm() throws {
    let service = try Service()
    let text = try service.send(.get, "/keys/a", [("Accept", "text/plain")])
    #expect(text.status == 404)
    #expect(text.text.hasPrefix("404 Key not found: "))
    let gone = HandmadeRequest(.get, "/nowhere", [("Accept", "text/plain")])
    gone.isGone = true
    #expect(try service.send(gone).field("Content-Type") == "application/problem+json")
  }
}
