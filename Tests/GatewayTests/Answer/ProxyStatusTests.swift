// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Testing

@testable import Gateway

@Suite struct ProxyStatusTests {
  private static func field(_ kind: MemcachedError.Kind, node: String? = "a:11211") -> String? {
    let error = MemcachedError(kind, "what \"happened\"", node: node)
    return Problem(error, tier: "new", isWrite: false)
      .response(instance: "i", asText: false, JSONCoding()).field("Proxy-Status")
  }

  @Test(
    "each failure of a server has its registered type, or none where none fits",
    arguments: [
      (.down, "destination_unavailable"), (.connectFailed, "connection_refused"),
      (.connectTimedOut, "connection_timeout"), (.unresolved, "dns_error"),
      (.untrusted, "tls_certificate_error"), (.unauthenticated, "proxy_configuration_error"),
      (.connectionLost, "connection_terminated"), (.timedOut, "connection_read_timeout"),
      (.overloaded, "connection_limit_reached"), (.closed, "proxy_internal_response"),
      (.rejected, "proxy_internal_error"), (.protocolViolation, nil), (.serverError, nil),
    ] as [(MemcachedError.Kind, String?)])
  func types(_ kind: MemcachedError.Kind, _ type: String?) {
    let rest = #"; next-hop="a:11211"; details="what \"happened\"""#
    #expect(ProxyStatusTests.field(kind) == "crossfade" + (type.map { "; error=\($0)" } ?? "") + rest)
  }

  @Test(
    "what is no gateway's failure has none",
    arguments: [.outOfMemory, .unsupported, .tooLarge(limit: 5), .answerTooLarge(limit: 5)]
      as [MemcachedError.Kind])
  func others(_ kind: MemcachedError.Kind) { #expect(ProxyStatusTests.field(kind) == nil) }

  @Test("nor has what no server has caused")
  func ours() throws {
    #expect(ProxyStatusTests.field(.timedOut, node: nil) == nil)
    let service = try Service()
    service.context.isDraining = { true }
    let response = try service.send(.get, "/readyz")
    #expect(response.status == 503 && response.field("Proxy-Status") == nil)
  }

  @Test(
    "a text cannot break out of its field",
    arguments: [("ü\r\nX: y", "%C3%BC%0D%0AX: y"), (#"a\b"#, #"a\\b"#)])
  func strings(_ text: String, _ expected: String) {
    #expect(StructuredField.string(text) == "\"\(expected)\"")
  }
}
