// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// The programs in `examples`: HTTP clients that others wrote, each with the whole life of a key.
  @Suite struct ClientTests {
    private struct Client {
      /// Its file in `examples`.
      let name: String
      let interpreter: String
      /// Programs that it runs in turn.
      var tools: [String] = []
    }

    private static let clients = [
      Client(name: "JavaHttpClient.java", interpreter: "java", tools: ["javac"]),
      Client(name: "curl.sh", interpreter: "bash", tools: ["curl", "jq"]),
      Client(name: "node_fetch.mjs", interpreter: "node"),
      Client(name: "python_http_client.py", interpreter: "python3"),
      Client(name: "python_requests.py", interpreter: python),
    ]

    /// One that has requests, which scripts/test puts into `.venv`.
    private static let python =
      ProcessInfo.processInfo.environment["CROSSFADE_PYTHON"]
      ?? GatewayProcess.packageRoot + "/.venv/bin/python3"

    @Test("each of them finds every answer as it should be, and leaves nothing behind")
    func life() throws {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let gateway = try GatewayProcess(["--tier", "new=\(new.address)", "--tier", "old=\(old.address)"])
      try gateway.waitUntilReady()
      let outputs = try ClientTests.runAll(gateway)
      for (name, output) in outputs {
        #expect(output.status == 0, "\(name): \(output.lines.joined(separator: "\n"))")
        // What they see is the same, whatever they are written in.
        #expect(output.lines == outputs[0].1.lines, "\(name)")
        #expect(output.lines.last == "\(output.lines.count - 1) checks passed", "\(name)")
        #expect(output.lines.count > 20, "\(name)")
      }
      for server in [new, old] { #expect(try ClientTests.itemCount(server) == 0) }
    }

    @Test("each of them fails at the first answer that is not as it should be")
    func failure() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess(["--tier", "new=\(server.address)"])
      try gateway.waitUntilReady()
      server.kill()
      for (name, output) in try ClientTests.runAll(gateway) {
        #expect(output.status > 0, "\(name)")
        let text = output.lines.joined(separator: "\n")
        #expect(text.contains("put as JSON") && text.contains("503"), "\(name): \(text)")
        #expect(!text.contains("passed"), "\(name): \(text)")
      }
    }

    @Test("they are all that there is in examples")
    func complete() throws {
      let files = try FileManager.default.contentsOfDirectory(
        atPath: GatewayProcess.packageRoot + "/examples")
      #expect(files.filter { $0 != "README.md" }.sorted() == ClientTests.clients.map(\.name).sorted())
    }

    /// Runs them beside one another, since a JVM takes its time to start.
    private static func runAll(_ gateway: GatewayProcess) throws -> [(String, CommandOutput)] {
      let running = try clients.map { client in
        for tool in client.tools { _ = try program(tool) }
        let arguments = [
          "\(GatewayProcess.packageRoot)/examples/\(client.name)", "http://\(gateway.address)",
        ]
        return try RunningCommand(program(client.interpreter), arguments, withErrors: true)
      }
      return zip(clients, running).map { ($0.name, $1.output(within: 120)) }
    }

    private static func program(_ name: String) throws -> String {
      let path = name.contains("/") ? name : ChildProcess.program(name)
      guard let path, FileManager.default.isExecutableFile(atPath: path) else {
        throw GatewayProcess.Failure(description: "\(name) is not installed; scripts/test installs it")
      }
      return path
    }

    private static func itemCount(_ server: MemcachedServer) throws -> Int? {
      let connection = try RawConnection(to: server.address)
      try connection.send("stats\r\n")
      let stats = String(decoding: try connection.read(until: "END\r\n"), as: UTF8.self)
      return stats.firstMatch(of: /STAT curr_items ([0-9]+)/).flatMap { Int($0.output.1) }
    }
  }
}
