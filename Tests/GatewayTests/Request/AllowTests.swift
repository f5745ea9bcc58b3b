// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd
import Testing

@testable import Gateway

/// OPTIONS and 405 on every path that there is, on both listeners.
@Suite struct AllowTests {
  private static let methods: [Microhttpd.Method] = [
    .get, .head, .put, .post, .delete, .patch, .options,
  ]

  @Test(
    "OPTIONS tells the methods of every path, and every other is 405 and told the same",
    arguments: [false, true])
  func everyPath(_ isAdmin: Bool) throws {
    let routes = isAdmin ? Routes.admin : Routes.data
    for path in Set(routes.map(\.path)) {
      let service = try Service()
      let listener = isAdmin ? service.admin : service.data
      let target = path.replacing("{key}", with: "a")
      let allow = try #require(try service.send(.options, target, to: listener).field("Allow"))
      var expected = Set(routes.filter { $0.path == path }.map(\.method.name) + ["OPTIONS"])
      if expected.contains("GET") { expected.insert("HEAD") }
      #expect(Set(allow.split(separator: ", ").map(String.init)) == expected, "\(path)")
      for method in AllowTests.methods where !expected.contains(method.name) {
        let response = try service.send(method, target, to: listener)
        #expect(try response.problem() == "405 method-not-allowed", "\(method.name) \(path)")
        #expect(response.field("Allow") == allow)
      }
      #expect(service.new.commands.isEmpty && service.old.commands.isEmpty)
    }
  }

  @Test("OPTIONS * tells the methods of the whole listener")
  func asterisk() throws {
    let service = try Service()
    #expect(
      try service.send(.options, "*", to: service.admin).field("Allow")
        == "GET, HEAD, PUT, POST, PATCH, OPTIONS")
    #expect(
      try service.send(.options, "*").field("Allow") == "GET, HEAD, PUT, POST, DELETE, OPTIONS")
  }
}
