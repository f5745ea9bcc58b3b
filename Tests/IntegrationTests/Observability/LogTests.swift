// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Reactor
import Testing

extension Program {
  /// What the real program logs, in which form, and what it does when nobody reads it.
  @Suite struct LogTests {
    private struct Line: Decodable {
      var time: String
      var level: String
      var message: String
      var address: String?
      var status: Int?
      var duration_ms: Double?
      var tiers: String?
      var route: String?
    }

    @Test("without a terminal each line is a JSON object, with neither keys nor values in it")
    func json() throws {
      let server = try MemcachedServer()
      let log = try LinePipe()
      let process = try ChildProcess(
        GatewayProcess.binary,
        [
          "serve", "--listen", "127.0.0.1:0", "--admin", "off", "--tier", "new=\(server.address)",
          "--access-log", "all", "--slow-log", "1ms",
        ], environment: [:], streams: .init(errors: log.writeEnd))
      log.closeWriting()
      let listening = try #require(log.line(within: 20) { $0.contains(#""message":"listening""#) })
      let address = try #require(try JSONDecoder().decode(Line.self, from: Data(listening.utf8)).address)
      #expect(log.line(within: 20) { $0.contains(#""message":"node up""#) } != nil)
      #expect(try http(address, "PUT", "/keys/secret-key", body: "secret-value").status == 204)
      #expect(try http(address, "GET", "/keys/secret-key").status == 200)
      #expect(try http(address, "GET", "/keys/bad%00secret").status == 400)
      server.suspend()
      #expect(try http(address, "GET", "/keys/secret-key").status == 504)
      server.resume()
      process.signal(SIGTERM)
      #expect(process.wait() == 0)
      let lines = try log.readToEnd().map { line in
        #expect(!line.contains("secret"))
        return try JSONDecoder().decode(Line.self, from: Data(line.utf8))
      }
      let answered = lines.filter { ["request answered", "slow request"].contains($0.message) }
      #expect(answered.map(\.status) == [204, 200, 400, 504])
      let slow = try #require(answered.last)
      #expect(slow.message == "slow request" && (slow.duration_ms ?? 0) >= 250)
      #expect(slow.tiers?.hasPrefix("new:timeout:2") == true && slow.route == "/keys/{key}")
      #expect(lines.last?.message == "stopped")
    }

    @Test("who does not read the log holds nothing up, and is told what he missed")
    func unread() throws {
      let pipe = try openPipe()
      let socket = NSTemporaryDirectory() + "log-\(UUID()).sock"
      let admin = NSTemporaryDirectory() + "log-\(UUID()).sock"
      let process = try ChildProcess(
        GatewayProcess.binary,
        [
          "serve", "--listen", "unix:\(socket)", "--admin", "unix:\(admin)", "--workers", "1",
          "--access-log", "all", "--log-format", "text",
        ], environment: [:], streams: .init(errors: pipe.writeEnd))
      close(pipe.writeEnd)
      let reader = FileHandle(fileDescriptor: pipe.readEnd, closeOnDealloc: true)
      // There is no line to wait for: reading one is what this is not about.
      let limit = Date().addingTimeInterval(20)
      while !FileManager.default.fileExists(atPath: admin), Date() < limit { usleep(5_000) }
      func ask(_ socket: String, _ path: String) throws -> [String] {
        try CommandOutput("/usr/bin/curl", ["-sS", "--unix-socket", socket, "http://h" + path]).lines
      }
      // A pipe takes 64 KiB; a line has some 150 bytes.
      let many = (0..<1_500).map { "http://h/keys/k\($0)" }
      let output = try CommandOutput(
        "/usr/bin/curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}\\n", "--unix-socket", socket] + many)
      #expect(output.status == 0)
      let dropped = try ask(admin, "/metrics").first { $0.hasPrefix("crossfade_log_lines_dropped_total ") }
      let count = try #require(dropped.flatMap { Int($0.split(separator: " ")[1]) })
      #expect(count > 100)
      let unread = reader.availableData
      process.signal(SIGTERM)
      let text = String(decoding: unread + (try reader.readToEnd() ?? Data()), as: UTF8.self)
      #expect(process.wait() == 0)
      let lines = text.split(separator: "\n")
      #expect(lines.filter { $0.contains(" request answered ") }.count + count >= 1_500)
      #expect(lines.contains { $0.contains(" warning log lines dropped count=") })
    }
  }
}
