// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Many operations in one request, by the real program and real servers.
  @Suite struct BatchTests {
    private static let json = ["Content-Type: application/json"]

    struct Results: Decodable {
      struct Result: Decodable {
        struct Item: Decodable {
          let value: String
          let encoding: String?
        }
        struct Problem: Decodable {
          let type: String
          let outcome: String?
        }

        let status: Int
        let etag: String?
        let item: Item?
        let value: String?
        let problem: Problem?
      }
      let results: [Result]
    }

    private static func send(_ gateway: GatewayProcess, _ operations: [String]) throws -> [Results.Result] {
      let body = "{\"operations\":[\(operations.joined(separator: ","))]}"
      let response = try http(gateway.address, "POST", "/batch", headers: json, body: body)
      #expect(response.status == 200, "\(response.text)")
      return try JSONDecoder().decode(Results.self, from: Data(response.body)).results
    }

    private static func twoTiers(_ arguments: [String] = []) throws -> (
      GatewayProcess, MemcachedServer, MemcachedServer
    ) {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let gateway = try GatewayProcess(
        ["--tier", "new=\(new.address)", "--tier", "old=\(old.address)", "--workers", "1"] + arguments)
      try gateway.waitUntilReady()
      return (gateway, new, old)
    }

    @Test("the whole life of a key, in one batch")
    func lifeOfAKey() throws {
      let (gateway, new, old) = try BatchTests.twoTiers()
      defer { withExtendedLifetime((new, old)) {} }
      let results = try BatchTests.send(
        gateway,
        [
          #"{"op":"get","key":"k"}"#, #"{"op":"add","key":"k","value":"1"}"#,
          #"{"op":"add","key":"k","value":"2"}"#, #"{"op":"incr","key":"k","delta":"41"}"#,
          #"{"op":"append","key":"k","value":"/w==","encoding":"base64"}"#, #"{"op":"get","key":"k"}"#,
          #"{"op":"incr","key":"k"}"#, #"{"op":"touch","key":"k","ttl":60}"#,
          #"{"op":"cas","key":"k","value":"x","ifMatch":"\"0000000000000001.1\""}"#,
          #"{"op":"delete","key":"k"}"#, #"{"op":"delete","key":"k"}"#,
        ])
      #expect(results.map(\.status) == [404, 201, 412, 200, 204, 200, 409, 204, 412, 204, 404])
      #expect(results[3].value == "42")
      #expect(results[5].item?.value == "NDL/" && results[5].item?.encoding == "base64")
      // Every write that changed the item has told its new tag, and the last one is what a get shows.
      #expect(Set([1, 3, 4].compactMap { results[$0].etag }).count == 3)
      #expect(results[5].etag == results[4].etag)
    }

    @Test("a thousand operations of as many keys on two workers, and then all of them again")
    func many() throws {
      let (gateway, new, old) = try BatchTests.twoTiers(["--workers", "2"])
      defer { withExtendedLifetime((new, old)) {} }
      let sets = (0..<1000).map { #"{"op":"set","key":"many:\#($0)","value":"value \#($0)"}"# }
      #expect(try BatchTests.send(gateway, sets).allSatisfy { $0.status == 204 && $0.etag != nil })
      let gets = (0..<1000).map { #"{"op":"get","key":"many:\#($0)"}"# }
      let values = try BatchTests.send(gateway, gets).map { $0.item?.value }
      #expect(values == (0..<1000).map { "value \($0)" })
    }

    @Test("a server that is down fails its operations and no others")
    func downServer() throws {
      let (gateway, new, old) = try BatchTests.twoTiers()
      old.stop()
      defer { withExtendedLifetime(new) {} }
      let results = try BatchTests.send(
        gateway, [#"{"op":"set","key":"k","value":"1"}"#, #"{"op":"get","key":"k"}"#])
      #expect(results.map(\.status) == [204, 200])
      new.stop()
      let failed = try BatchTests.send(
        gateway, [#"{"op":"get","key":"k"}"#, #"{"op":"nothing"}"#, #"{"op":"incr","key":"k"}"#])
      #expect(failed[0].status >= 500 && failed[2].status >= 500)
      #expect(failed[1].problem?.type == "/problems/invalid-body")
    }

    @Test("a batch has the time of one operation, however many of one key hang")
    func hangingServer() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess([
        "--tier", "new=\(server.address)", "--workers", "1", "--operation-timeout", "300ms",
        "--node-timeout", "300ms",
      ])
      try gateway.waitUntilReady()
      server.suspend()
      let set = #"{"op":"set","key":"k","value":"1"}"#
      let results = try BatchTests.send(gateway, [set, set, set, #"{"op":"get","key":"k"}"#])
      #expect(results.allSatisfy { $0.status == 504 })
      // The first was sent, and when it was given up all of the time was gone.
      #expect(results.map(\.problem?.outcome) == ["unknown", "not-applied", "not-applied", nil])
    }

    @Test("values of more than the answer's bytes do not come, and the writes beside them do")
    func largeAnswers() throws {
      let (gateway, new, old) = try BatchTests.twoTiers(["--max-batch-size", "2MiB"])
      defer { withExtendedLifetime((new, old)) {} }
      let client = try RawHTTP(gateway.address)
      let plain = ["Content-Type: text/plain"]
      let value = [UInt8](repeating: 0x78, count: 1_000_000)
      let keys = (0..<40).map { "large:\($0)" }
      for key in keys {
        #expect(try client.request("PUT", "/keys/\(key)", headers: plain, body: value).status == 204)
      }
      let results = try BatchTests.send(
        gateway, keys.map { #"{"op":"get","key":"\#($0)"}"# } + [#"{"op":"incr","key":"n","initial":1}"#])
      #expect(results.filter { $0.status == 200 }.count == 2)
      #expect(results.filter { $0.problem?.type == "/problems/answer-too-large" }.count == 38)
      #expect(results.last?.status == 201)
      let many = try client.request("GET", "/keys?" + keys.map { "key=\($0)" }.joined(separator: "&"))
      #expect(many.status == 200)
      #expect(many.body.count < 2_200_000)
      #expect(many.text.components(separatedBy: "answer-too-large").count == 39)
    }

    @Test("a batch of too many bytes is refused by its announced length, before it is sent")
    func tooLong() throws {
      let gateway = try GatewayProcess()
      let client = try RawHTTP(gateway.address)
      try client.send(
        "POST /batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 8388609\r\n\r\n"
      )
      let response = try client.receive()
      #expect(response.status == 413)
      #expect(response.text.contains("8388608"))
      // Announced in no length, it is refused once it has grown too long.
      let chunked = try RawHTTP(gateway.address)
      try chunked.send(
        "POST /batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      )
      let piece = "100000\r\n" + String(repeating: " ", count: 1 << 20) + "\r\n"
      for _ in 0..<9 { try chunked.send(piece) }
      try chunked.send("0\r\n\r\n")
      #expect(try chunked.receive().status == 413)
    }
  }
}
