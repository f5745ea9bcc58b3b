// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Microhttpd

/// Random requests, each of them valid by RFC 9110 and 9112: the guard may refuse none.
@Suite struct RequestFuzzTests {
  @Test("Valid pipelined requests raise no false alarm", arguments: 1...8)
  func validPipelinedRequestsRaiseNoFalseAlarm(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let server = try TestServer()
    defer { server.stop() }
    for _ in 0..<20 {
      let requests = (0..<20).map { _ in Request(&random) }
      let client = try Client(server)
      for piece in pieces(of: requests.flatMap(\.bytes), &random) { try client.send(piece) }
      for request in requests {
        let reply = try client.reply(isHead: request.method == "HEAD")
        #expect(reply.status == 200, "\(String(decoding: request.bytes, as: UTF8.self))")
        if request.method != "HEAD" { #expect(reply.body == request.echo) }
      }
    }
    #expect(server.onLoop { $0.handler.faults } == [])
    #expect(server.onLoop { $0.handler.handledCount } == 400)
  }

  private func pieces(of bytes: [UInt8], _ random: inout SplitMix) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      pieces.append(Array(rest.prefix(Int.random(in: 1...4000, using: &random))))
      rest = rest.dropFirst(pieces.last!.count)
    }
    return pieces
  }

  private struct Request {
    let method: String
    let bytes: [UInt8]
    /// What the server answers with: the body, or the target if there is none.
    let echo: [UInt8]

    init(_ random: inout SplitMix) {
      method = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "X-YZ"].randomElement(using: &random)!
      let target = "/" + Request.text("abcXYZ019-._~%2F!$&'()*+,;=:@/?|{}", 0...60, &random)
      var body: [UInt8] = []
      var fields = ["hOsT:\(Request.space(&random))example.org:80"]
      if ["PUT", "POST"].contains(method), Bool.random(using: &random) {
        let size = Int.random(in: 0...300, using: &random)
        body = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        fields.append("Content-length:\(Request.space(&random))\(body.count)")
      }
      for _ in 0..<Int.random(in: 0...12, using: &random) { fields.append(Request.field(&random)) }
      fields.shuffle(using: &random)
      let head = "\(method) \(target) HTTP/1.1\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
      bytes = Array(head.utf8) + body
      echo = body.isEmpty ? Array(target.utf8) : body
    }

    private static func field(_ random: inout SplitMix) -> String {
      let name = "X" + text("abcXYZ019!#$%&'*+-.^_`|~", 0...20, &random)
      let value = text("abc XYZ\t019;,=\"()<>@[]{}/\\?:é", 0...80, &random)
      // The names that mean something are not made by chance: X begins each.
      return name + ":" + space(&random) + value + space(&random)
    }

    private static func space(_ random: inout SplitMix) -> String { text(" \t", 0...2, &random) }

    private static func text(
      _ alphabet: String, _ counts: ClosedRange<Int>, _ random: inout SplitMix
    ) -> String {
      let count = Int.random(in: counts, using: &random)
      return String((0..<count).map { _ in alphabet.randomElement(using: &random)! })
    }
  }
}

/// A generator that gives the same numbers for the same seed on every machine.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
