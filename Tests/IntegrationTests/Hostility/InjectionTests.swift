// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Whatever is in a key or a value, what a server receives is the commands that the requests meant.
  @Suite struct InjectionTests {
    private struct Step {
      var method = "GET"
      var path: String
      var headers: [String] = []
      var body: [UInt8]?
      var status: Int
      /// What the server must receive.
      var commands: [WireCommand] = []
    }

    @Test(
      "through HTTP, too, each request becomes the command that it means",
      arguments: [true, false], 1...2 as ClosedRange<UInt64>)
    func eachRequestBecomesTheCommandThatItMeans(isMeta: Bool, seed: UInt64) throws {
      let backend = try RecordingServer(knowsMeta: isMeta)
      let gateway = try GatewayProcess(before: backend)
      try gateway.waitUntilReady()
      let client = try RawHTTP(gateway.address)
      var hostile = HostileBytes(seed: seed)
      var expected: [WireCommand] = []
      for number in 0..<400 {
        let key = hostile.key()
        // A long body of a request that is wrong anyhow is not read: that connection would end.
        let isLong = number % 40 == 0 && HostileBytes.isKey(key)
        let step = step(key, hostile.bytes(atMost: isLong ? 1_000_000 : 300), &hostile)
        let answer = try client.request(step.method, step.path, headers: step.headers, body: step.body)
        #expect(answer.status == step.status, "\(step.method) \(step.path): \(answer.text)")
        if step.method == "GET", answer.status == 200 { #expect(answer.body == found(step)) }
        expected += step.commands
      }
      let received = backend.commands.map { WireCommand(verb: $0.verb, key: $0.key, value: $0.value) }
      #expect(received == expected.map { $0.spoken(isMeta: isMeta) })
      #expect(received.count > 100)
      #expect(backend.violations == [])
    }

    private func found(_ step: Step) -> [UInt8] { Array("<".utf8) + step.commands[0].key + Array(">".utf8) }

    private func step(_ key: [UInt8], _ value: [UInt8], _ hostile: inout HostileBytes) -> Step {
      let path = "/keys/" + escaped(key, &hostile.generator)
      var step = Step(path: path, status: 204)
      var command = WireCommand(verb: "get", key: key)
      switch Int.random(in: 0..<8, using: &hostile.generator) {
      case 0: (step.headers, step.status) = (["Accept: application/octet-stream"], 200)
      case 1: (step.method, command.verb) = ("DELETE", "delete")
      case 2: (step.method, step.path, step.status, command.verb) = ("POST", path + "/incr", 200, "incr")
      case 3:
        (step.method, step.path, step.body) = ("POST", path + "/append", value)
        (command.verb, command.value) = ("append", value)
      case 4: (step.method, step.path, command.verb) = ("POST", path + "/touch?ttl=5", "touch")
      case 5:
        (step.method, step.headers, step.body) = ("PUT", ["Content-Type: application/json"], json(value))
        (command.verb, command.value) = ("set", value)
      case 6:
        // A key that is no UTF-8 cannot be said in JSON.
        guard let text = String(validating: key, as: UTF8.self) else { fallthrough }
        (step.method, step.path, step.status, command.verb) = ("POST", "/incr", 200, "incr")
        (step.headers, step.body) = (["Content-Type: application/json"], encoded(["key": text]))
      default:
        (step.method, step.body, command.verb, command.value) = ("PUT", value, "set", value)
      }
      if HostileBytes.isKey(key) { step.commands = [command] } else { step.status = 400 }
      return step
    }

    /// As text when it is UTF-8, else in base64.
    private func json(_ value: [UInt8]) -> [UInt8] {
      if let text = String(validating: value, as: UTF8.self) { return encoded(["value": text]) }
      return encoded(["value": Data(value).base64EncodedString(), "encoding": "base64"])
    }

    private func encoded(_ members: [String: String]) -> [UInt8] {
      // Strings can always be encoded.
      (try? JSONEncoder().encode(members)).map(Array.init) ?? []
    }

    /// Percent-encodes what has to be, some of the rest, in digits of either case.
    private func escaped(_ key: [UInt8], _ random: inout SeededGenerator) -> String {
      key.map { byte in
        let isPlain = byte < 0x80 && (Character(UnicodeScalar(byte)).isLetter || byte == 0x2D || byte == 0x2B)
        if isPlain, Int.random(in: 0..<4, using: &random) > 0 { return String(UnicodeScalar(byte)) }
        let digits = String(byte, radix: 16, uppercase: Bool.random(using: &random))
        return "%" + (byte < 16 ? "0" : "") + digits
      }.joined()
    }
  }
}

extension WireCommand {
  /// A classic command as the meta protocol says it: verb, key and value.
  fileprivate func spoken(isMeta: Bool) -> WireCommand {
    let verbs = ["get": "mg", "touch": "mg", "delete": "md", "incr": "ma", "set": "ms", "append": "ms"]
    let classic = verb == "get" ? "gets" : verb
    return WireCommand(verb: isMeta ? verbs[verb] ?? verb : classic, key: key, value: value)
  }
}
