// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Does what README.md and docs/migration.md tell their readers to do, and compares what they show with what
  /// comes.
  @Suite struct ReadmeTests {
    @Test(
      "every command that a document shows prints what the document shows",
      arguments: ["README.md", "docs/migration.md"])
    func commands(_ document: String) throws {
      let transcript = Transcript(markdown: try CommandOutput.document(document))
      let stage = Stage()
      var commandCount = 0
      for step in transcript.steps {
        switch step {
        case .memcached(let port): try stage.startServer(port)
        case .gateway(let arguments): try stage.startGateway(arguments)
        case .command(let command, let expected):
          commandCount += 1
          let lines = expected.map(ReadmeTests.lasting)
          #expect(try stage.run(command, expecting: lines) == lines, "$ \(command)")
        }
      }
      #expect(commandCount >= 9, "\(document) has lost its examples, or this test cannot find them")
    }

    @Test("every curl command within its sentences succeeds")
    func inlineCommands() throws {
      let commands = Transcript.inlineCommands(
        markdown: try CommandOutput.document("README.md"), program: "curl")
      let stage = Stage()
      try stage.startServer("11311")
      try stage.startServer("11312")
      try stage.startGateway(["--tier", "new=127.0.0.1:11312", "--tier", "old=127.0.0.1:11311"])
      for command in commands {
        #expect(try CommandOutput(shell: stage.onStage(command) + " --fail").status == 0, "\(command)")
      }
      #expect(!commands.isEmpty)
    }

    @Test("a Content-Length that it shows is that of the body that it shows")
    func lengths() throws {
      for case .command(let command, let lines) in Transcript(
        markdown: try CommandOutput.document("README.md")
      ).steps {
        guard let field = lines.first(where: { $0.hasPrefix("Content-Length: ") }) else { continue }
        let body = lines.drop { $0 != "" }.dropFirst().joined(separator: "\n")
        #expect(field == "Content-Length: \(body.utf8.count)", "$ \(command)")
      }
    }

    /// The line without what differs from run to run: times, tokens, the ids of requests, the numbers in a
    /// verdict's reasons. Seconds that are
    /// left are rounded up to tens, since some may pass between two commands.
    static func lasting(_ line: String) -> String {
      line.replacing(/^(Date|Content-Length): .*/) { "\($0.output.1): …" }
        .replacing(/"[0-9a-f]{16}\.[0-9]+\\?"/, with: "\"…\"")
        .replacing(/^(wait|blocked)  .*/) { $0.output.0.replacing(/[0-9]+(\.[0-9]+)?/, with: "N") }
        .replacing(/"(cas|instance)":"[^"]*"/) { "\"\($0.output.1)\":\"…\"" }
        .replacing(/(ttl=|"ttl":)([0-9]+)/) { match in
          "\(match.output.1)\(((Int(match.output.2) ?? 0) + 9) / 10 * 10)"
        }
    }
  }
}

/// The programs that a document has its reader start, on free ports in place of those that it names.
private final class Stage {
  private var servers: [MemcachedServer] = []
  private var gateway: GatewayProcess?
  /// From an address that the document names to the one that stands in for it.
  private var addresses: [String: String] = [:]

  func startServer(_ port: String) throws {
    let server = try MemcachedServer()
    servers.append(server)
    addresses["127.0.0.1:\(port)"] = "\(server.address)"
  }

  /// Ends the one before it, as a reader would who is told to start another.
  func startGateway(_ arguments: [String]) throws {
    let gateway = try GatewayProcess(arguments.map(onStage))
    try gateway.waitUntilReady()
    try waitUntilServersAreUp(gateway)
    self.gateway = gateway
    addresses["127.0.0.1:8080"] = gateway.address
    addresses["127.0.0.1:8081"] = gateway.adminAddress
  }

  // Ready means that the primary is up; what the document shows needs the older tiers, too.
  private func waitUntilServersAreUp(_ gateway: GatewayProcess) throws {
    let limit = Date().addingTimeInterval(10)
    while !(try http(gateway.adminAddress, "GET", "/stats").text.matches(of: /"state":"(down|connecting)"/))
      .isEmpty
    {
      guard Date() < limit else { throw GatewayProcess.Failure(description: "a tier is not up") }
      usleep(10_000)
    }
  }

  func onStage(_ command: String) -> String {
    addresses.reduce(command) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
  }

  /// What the command prints. A reader gets the answer before the copy to the primary is made, so a read
  /// that shows something else is done again for a while; what writes is done once.
  func run(_ command: String, expecting expected: [String]) throws -> [String] {
    let limit = Date().addingTimeInterval(2)
    var lines = try run(command)
    while lines != expected, Date() < limit, !command.contains("-X") {
      usleep(10_000)
      lines = try run(command)
    }
    return lines
  }

  // In the document's addresses and without what differs from run to run.
  private func run(_ command: String) throws -> [String] {
    let lines = try CommandOutput(shell: onStage(command)).lines.map { line in
      addresses.reduce(line) { $0.replacingOccurrences(of: $1.value, with: $1.key) }
    }
    return Transcript.withoutEmptyEnd(lines).map(Program.ReadmeTests.lasting)
  }
}
