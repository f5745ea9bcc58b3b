// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd
import Testing

@testable import Gateway

@Suite struct CrossOriginTests {
  private static let app = ("Origin", "https://app.example")

  private func send(
    _ method: Microhttpd.Method, _ fields: [(String, String)], origins: [String], to path: String = "/keys/a"
  ) throws -> Response {
    let service = try Service()
    service.new.put("a", "v")
    let crossOrigin = try #require(CrossOrigin(origins))
    let request = HandmadeRequest(method, path, fields)
    HTTPService(service.context, routes: Routes.data, crossOrigin: crossOrigin).answer(request)
    for _ in 0..<10 where request.response == nil { try service.loop.turn(maxSleep: .milliseconds(20)) }
    return try #require(request.response)
  }

  private func values(_ response: Response, _ name: String) -> [String] {
    response.fields.fields.filter { $0.name == name }.map(\.value)
  }

  @Test("it is off unless an origin is listed") func off() { #expect(CrossOrigin([]) == nil) }

  @Test("a listed origin may read an answer and its fields, and the answer varies by it")
  func listed() throws {
    let origins = ["https://b.example", "https://app.example"]
    let response = try send(.get, [CrossOriginTests.app], origins: origins)
    #expect(response.status == 200)
    #expect(response.field("Access-Control-Allow-Origin") == "https://app.example")
    #expect(response.field("Access-Control-Expose-Headers")?.contains("ETag") == true)
    #expect(values(response, "Vary") == ["Accept", "Origin"])
    #expect(response.field("Access-Control-Allow-Credentials") == nil)
  }

  @Test("an error can be read as well as a success")
  func errors() throws {
    let response = try send(.get, [CrossOriginTests.app], origins: ["*"], to: "/nowhere")
    #expect(response.status == 404)
    #expect(response.field("Access-Control-Allow-Origin") == "*")
    #expect(!values(response, "Vary").contains("Origin"))
  }

  @Test(
    "one that is not listed, in another spelling, or none at all gets no leave",
    arguments: [
      [("Origin", "https://evil.example")], [("Origin", "https://app.example.evil")], [("Origin", "null")],
      [("Origin", "http://app.example")], [],
    ] as [[(String, String)]])
  func others(_ fields: [(String, String)]) throws {
    let response = try send(.get, fields, origins: ["https://app.example"])
    #expect(response.status == 200)
    #expect(!response.fields.fields.contains { $0.name.hasPrefix("Access-Control") })
    #expect(values(response, "Vary") == ["Accept", "Origin"])
  }

  @Test("a preflight is told the path's methods and the fields that we read")
  func preflight() throws {
    let asked = [CrossOriginTests.app, ("Access-Control-Request-Method", "PUT")]
    let response = try send(.options, asked, origins: ["https://app.example"])
    #expect(response.status == 204)
    #expect(response.field("Access-Control-Allow-Methods") == "GET, HEAD, PUT, DELETE, OPTIONS")
    #expect(response.field("Access-Control-Allow-Headers")?.contains("If-Match") == true)
    #expect(response.field("Access-Control-Max-Age") == "600")
    let refused = try send(.options, [("Origin", "https://b"), asked[1]], origins: ["https://app.example"])
    #expect(refused.field("Access-Control-Allow-Methods") == nil)
  }

  @Test(
    "an origin is what browsers send, or all",
    arguments: [
      ("https://app.example", true), ("http://127.0.0.1:3000", true), ("*", true), ("app.example", false),
      ("https://app.example/", false), ("https://App.example", false), ("https://", false), ("", false),
      ("//app.example", false), ("https://a b", false),
    ])
  func origins(_ text: String, _ isGood: Bool) throws {
    if isGood {
      #expect(try Settings.resolve(flags: [.corsOrigin: [text]]).corsOrigins == [text])
    } else {
      #expect(throws: SettingsError.self) { try Settings.resolve(flags: [.corsOrigin: [text]]) }
    }
  }

  @Test("all and some is a mistake")
  func allAndSome() {
    #expect(throws: SettingsError.self) {
      try Settings.resolve(environment: ["CROSSFADE_CORS_ORIGINS": "*, https://app.example"])
    }
  }
}
