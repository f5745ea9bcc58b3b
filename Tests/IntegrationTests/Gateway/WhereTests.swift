// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// `GET /keys/{key}/where` before real servers.
  @Suite struct WhereTests {
    /// What a server's crawler tells of its one item: `key=k exp=… la=… cas=… fetch=no …`.
    private func dump(_ server: MemcachedServer) throws -> String {
      let connection = try RawConnection(to: server.address)
      try connection.send("lru_crawler metadump all\r\n")
      return String(decoding: try connection.read(until: "END\r\n"), as: UTF8.self)
    }

    @Test("a look at a key changes nothing in any tier, and tells what each has")
    func looking() throws {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let gateway = try GatewayProcess(["--tier", "new=\(new.address)", "--tier", "old=\(old.address)"])
      try gateway.waitUntilReady()
      let client = try RawConnection(to: old.address)
      try client.send("set k 7 300 12\r\nAda Lovelace\r\n")
      #expect(try client.readLine() == "STORED")
      let before = try dump(old)
      #expect(before.contains(" fetch=no "))
      for _ in 0..<3 {
        let reply = try http(gateway.adminAddress, "GET", "/keys/k/where")
        #expect(reply.status == 200)
        #expect(reply.text.contains(#""name":"new","node":"\#(new.address)","present":false"#))
        #expect(
          reply.text.contains(#""sha256":"76740216171591903cdbd18fbc770df447c5b1671005ca0020922a465bba0172""#)
        )
        #expect(reply.text.contains(#""fetched":false"#) && reply.text.contains(#""unknown":[]"#))
        #expect(reply.text.contains(#""flags":7"#))
      }
      #expect(try dump(old) == before)
      #expect(try dump(new) == "END\r\n")
      // What a look does not do, so that the above can fail.
      #expect(try http(gateway.address, "GET", "/keys/k?promote=1").status == 200)
      #expect(try dump(old).contains(" fetch=yes "))
      let read = try http(gateway.adminAddress, "GET", "/keys/k/where").text
      #expect(read.contains(#""fetched":true"#) && read.contains(#""same_as_primary":true"#))
    }

    @Test("in the classic protocol it says that the look was an access, which it was")
    func classic() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess(["--tier", "new=\(server.address)", "--protocol", "new=classic"])
      try gateway.waitUntilReady()
      #expect(try http(gateway.address, "PUT", "/keys/k", body: "v").status == 204)
      #expect(try dump(server).contains(" fetch=no "))
      let text = try http(gateway.adminAddress, "GET", "/keys/k/where").text
      #expect(text.contains(#""counted_as_access":true"#))
      #expect(text.contains(#""unknown":["fetched","seconds_since_access","ttl"]"#))
      #expect(try dump(server).contains(" fetch=yes "))
    }

    @Test("as text it is a table with a line a tier, also when a tier is down")
    func table() throws {
      let old = try MemcachedServer()
      let gateway = try GatewayProcess(["--tier", "new=memory:1MiB", "--tier", "old=\(old.address)"])
      try gateway.waitUntilReady()
      #expect(
        try http(gateway.address, "PUT", "/keys/k", headers: ["Content-Type: text/plain"], body: "v").status
          == 204)
      old.kill()
      #expect(gateway.line { $0.contains("node ejected") } != nil)
      let text = try http(gateway.adminAddress, "GET", "/keys/k/where", headers: ["Accept: text/plain"]).text
      let lines = text.split(separator: "\n")
      #expect(lines.count == 3)
      #expect(lines[1].contains("memory:1MiB") && lines[1].contains("  yes  "))
      #expect(lines[2].contains("  ?  ") && lines[2].contains("not connected"))
    }

    @Test("a page of a listed origin may read the data listener, and never the admin listener")
    func crossOrigin() throws {
      let gateway = try GatewayProcess(["--cors-origin", "https://app.example"])
      let origin = "Origin: https://app.example"
      let preflight = try http(
        gateway.address, "OPTIONS", "/keys/k", headers: [origin, "Access-Control-Request-Method: PUT"])
      #expect(preflight.status == 204)
      #expect(preflight.header("Access-Control-Allow-Origin") == "https://app.example")
      #expect(preflight.header("Access-Control-Allow-Methods")?.contains("PUT") == true)
      let miss = try http(gateway.address, "GET", "/keys/k", headers: [origin])
      #expect(miss.status == 404 && miss.header("Access-Control-Allow-Origin") == "https://app.example")
      // What is refused before its body comes is told to the page, too.
      let large = try http(
        gateway.address, "PUT", "/keys/k", headers: [origin, "Content-Length: 99999999"], body: nil)
      #expect(large.status == 413 && large.header("Access-Control-Allow-Origin") != nil)
      let admin = try http(gateway.adminAddress, "GET", "/version", headers: [origin])
      #expect(admin.status == 200 && admin.header("Access-Control-Allow-Origin") == nil)
    }
  }
}
