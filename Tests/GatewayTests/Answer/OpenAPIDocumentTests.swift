// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Testing

@testable import Gateway

@Suite struct OpenAPIDocumentTests {
  private static func file() throws -> String {
    // From this file up to the top of the package.
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { url.deleteLastPathComponent() }
    return try String(contentsOf: url.appendingPathComponent("openapi.yaml"), encoding: .utf8)
  }

  @Test("the embedded text is that of openapi.yaml: else run scripts/embed-openapi")
  func embedded() throws {
    #expect(OpenAPIDocument.text == (try OpenAPIDocumentTests.file()))
  }

  @Test("it describes exactly the routes that there are")
  func routes() {
    var described: Set<String> = []
    var path = ""
    // Paths stand two spaces deep, methods four.
    let lines = OpenAPIDocument.text.split(separator: "\n").drop { $0 != "paths:" }.dropFirst()
    for line in lines.prefix(while: { $0.hasPrefix(" ") }) {
      let name = line.drop { $0 == " " }.dropLast()
      let depth = line.prefix { $0 == " " }.count
      if depth == 2 { path = String(name) }
      if depth == 4, ["get", "put", "post", "delete", "patch"].contains(name) {
        described.insert("\(name) \(path)")
      }
    }
    let routes = (Routes.data + Routes.admin).map { "\($0.method) \($0.path)" }
    #expect(described == Set(routes))
  }

  @Test("it is served as YAML on the admin listener")
  func served() throws {
    let service = try Service()
    let response = try service.send(.get, "/openapi.yaml", to: service.admin)
    #expect(response.status == 200)
    #expect(response.field("Content-Type") == "application/yaml")
    #expect(response.text == OpenAPIDocument.text)
  }
}
