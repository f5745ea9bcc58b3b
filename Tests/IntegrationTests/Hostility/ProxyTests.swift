// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// The same requests through proxies that others wrote: what they and the gateway take for requests must be
  /// the same, or one client could have another's answer.
  @Suite(
    .enabled(
      if: Proxy.Kind.readers.allSatisfy { $0.program != nil }, "nginx and haproxy are not both installed"))
  struct ProxyTests {
    @Test(
      "the gateway sees the requests that a proxy sends, and each client has the answers to its own",
      arguments: Proxy.Kind.readers)
    func throughProxy(kind: Proxy.Kind) throws {
      let backend = try RecordingServer()
      let gateway = try GatewayProcess(before: backend)
      try gateway.waitUntilReady()
      let proxy = try Proxy(kind, before: gateway.address)
      let innocent = try RawConnection(to: proxy.address)

      let clients = try HostileCase.smuggling.enumerated().map { index, hostile in
        let client = try RawConnection(to: proxy.address)
        // The proxy may refuse and close while this is on its way.
        try? client.send(hostile.bytes("c\(index)-"))
        // On one of the connections to the gateway that the proxy has just used, or is using.
        try expectOwnAnswer(innocent, key: "innocent\(index)", hostile.name)
        return client
      }
      for (index, client) in clients.enumerated() {
        client.closeWriting()
        let answers = try everything(client)
        let strange = answers.matches(of: /<(c[0-9]+-|innocent)/).filter { $0.output.1 != "c\(index)-" }
        #expect(strange.isEmpty, "\(HostileCase.smuggling[index].name): \(answers)")
      }
      try expectOwnAnswer(innocent, key: "last", "the last")

      let log = try proxy.log(until: "/keys/last")
      let sent = log.filter { $0.isGatewayAnswer && 200..<300 ~= $0.status && $0.method != "OPTIONS" }
      let seen = backend.commands.map { String(decoding: $0.key, as: UTF8.self) }
      // The innocent ones had their answers, one by one; haproxy's log may lose a line when its pipe is full.
      let hostile = { (keys: [String]) in keys.filter { !$0.hasPrefix("innocent") }.sorted() }
      let difference = hostile(seen).difference(from: hostile(sent.map(key)))
      #expect(difference.isEmpty, "what one of the two sees and the other does not")
      #expect(backend.violations == [])
    }

    private func expectOwnAnswer(_ client: RawConnection, key: String, _ name: String) throws {
      try client.send("GET /keys/\(key) HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n")
      let head = String(decoding: try client.read(until: "\r\n\r\n"), as: UTF8.self)
      let value = "<\(key)>"
      #expect(head.hasPrefix("HTTP/1.1 200 "), "behind \(name): \(head)")
      #expect(
        head.lowercased().contains("content-length: \(value.utf8.count)\r\n"), "behind \(name): \(head)")
      #expect(try client.read(count: value.utf8.count) == Array(value.utf8), "behind \(name)")
    }

    private func everything(_ client: RawConnection) throws -> String {
      do { return String(decoding: try client.readToEnd(), as: UTF8.self) } catch let failure
        as RawConnection.Failure where failure.reason == .reset
      { return String(decoding: failure.received, as: UTF8.self) }
    }

    private func key(_ line: Proxy.LogLine) -> String {
      let segment = line.target.split(separator: "/").drop { $0 != "keys" }.dropFirst().first ?? ""
      return String(segment).removingPercentEncoding ?? ""
    }
  }
}
