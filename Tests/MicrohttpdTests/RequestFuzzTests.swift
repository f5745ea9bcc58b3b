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

  /// A server may refuse what it does not like, so it answers a beginning of what the reference reads; never
  /// may it read a request where that reads none, or another one.
  @Test("Broken requests are never read as others than they are", arguments: 1...4 as ClosedRange<UInt64>)
  func brokenRequestsAreNeverReadAsOthersThanTheyAre(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let server = try TestServer()
    defer { server.stop() }
    var (readCount, refusedCount) = (0, 0)
    for _ in 0..<300 {
      var bytes = (0..<3).flatMap { _ in Mutation.request(&random) }
      for _ in 0..<Int.random(in: 0...2, using: &random) { Mutation.apply(to: &bytes, &random) }
      let client = try Client(server)
      // It may refuse and close while this is on its way.
      try? client.send(bytes)
      client.finish()
      let (echoes, end) = answers(client)
      #expect(end != .silence, "\(text(bytes))")
      let reference = ReferenceReader(bytes)
      // One more where the body is in chunks that are odd: libmicrohttpd is lenient there, and closes behind it.
      let known = echoes.prefix(reference.requests.count)
      #expect(known.elementsEqual(reference.requests.prefix(known.count).map(\.echo)), "\(text(bytes))")
      let excess = echoes.count - reference.requests.count
      #expect(excess <= (reference.endsInOddChunks ? 1 : 0), "\(text(bytes))")
      readCount += echoes.count
      refusedCount += end == .refusal ? 1 : 0
    }
    #expect(server.reaches { $0.daemon.connectionCount == 0 && $0.handler.liveCount == 0 })
    #expect(readCount > 300 && refusedCount > 30)
  }

  private enum End { case refusal, close, silence }

  /// The bodies of the answers until one refuses or the connection ends.
  private func answers(_ client: Client) -> (echoes: [[UInt8]], end: End) {
    var echoes: [[UInt8]] = []
    do {
      while true {
        let reply = try client.reply()
        if reply.status != 200 { return (echoes, .refusal) }
        echoes.append(reply.body)
      }
    } catch let failure as Client.Failure {
      return (echoes, failure.isSilence ? .silence : .close)
    } catch {
      // A reset: bytes that it did not want were on their way.
      return (echoes, .close)
    }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self).debugDescription }

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

/// Requests that are broken in some place.
private enum Mutation {
  private static let fragments = [
    "\r\n", "\n", "\r", " ", "\t", "\0", ":", "\r\n ", "\r\n\r\n", "\u{1}", "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n", "Host: y\r\n", "0\r\n\r\n", "3\r\nabc\r\n", "1", "HTTP/1.0", "X",
    "Connection: close\r\n", "GET /n/inner HTTP/1.1\r\nHost: x\r\n\r\n",
  ].map { Array($0.utf8) }

  static func request(_ random: inout SplitMix) -> [UInt8] {
    let target = "/n/\(Int.random(in: 0..<1000, using: &random))"
    let body = String(repeating: "abc\r\n", count: Int.random(in: 0...3, using: &random))
    let text: String
    switch Int.random(in: 0..<4, using: &random) {
    case 0: text = "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n"
    case 1: text = "GET \(target) HTTP/1.1\r\nX: y\r\nHost: x:80\r\nAccept: */*\r\n\r\n"
    case 2: text = "PUT \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    default:
      let size = String(body.utf8.count, radix: 16)
      let chunk = body.isEmpty ? "" : "\(size)\r\n\(body)\r\n"
      text = "PUT \(target) HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)0\r\n\r\n"
    }
    return Array(text.utf8)
  }

  static func apply(to bytes: inout [UInt8], _ random: inout SplitMix) {
    guard let place = bytes.indices.randomElement(using: &random) else { return }
    let end = min(bytes.count, place + Int.random(in: 1...4, using: &random))
    switch Int.random(in: 0..<4, using: &random) {
    case 0: bytes.removeSubrange(place..<end)
    case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
    default: bytes.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: place)
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
