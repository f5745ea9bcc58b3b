// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Testing

@Suite struct RecordingServerTests {
  @Test("commands of both protocols are answered and remembered, however they come")
  func commandsAreAnsweredAndRemembered() throws {
    let server = try RecordingServer()
    let connection = try RawConnection(to: server.address)
    let bytes = "mn\r\nmg k v f c t O7\r\nms k 3 c O8\r\na\r\n\r\ngets k\r\nset k 1 2 0\r\n\r\nmd k O9\r\n"
    for byte in bytes.utf8 { try connection.send([byte]) }
    #expect(try connection.readLine() == "MN")
    #expect(try connection.readLine() == "VA 3 f0 c1 t-1 O7")
    #expect(try connection.readLine() == "<k>")
    for line in ["HD c1 O8", "VALUE k 0 3 1", "<k>", "END", "STORED", "HD O9"] {
      #expect(try connection.readLine() == line)
    }
    #expect(server.commands.map(\.verb) == ["mg", "ms", "gets", "set", "md"])
    #expect(server.commands.map(\.value) == [nil, Array("a\r\n".utf8), nil, [], nil])
    #expect(server.violations.isEmpty)
  }

  @Test(
    "what is no command ends the connection and is remembered as such",
    arguments: [
      "get k\n", "get  k\r\n", " get k\r\n", "get k \r\n", "get\r\n", "GET k\r\n", "get k\u{1}\r\n",
      "set k 0 0 3\r\nabcd\r\n", "set k 0 0 -1\r\n", "set k 0 0 03\r\nabc\r\n", "ms k\r\n", "ms k c 3\r\n",
      "mg k 7\r\n", "touch k\r\n", "incr k x\r\n", "mn x\r\n", "get a b\r\n",
      "get \(String(repeating: "k", count: 251))\r\n", String(repeating: "k", count: 3_000),
    ])
  func whatIsNoCommandEndsTheConnection(bytes: String) throws {
    let server = try RecordingServer()
    let connection = try RawConnection(to: server.address)
    try connection.send(bytes)
    #expect(try connection.readToEnd() == [])
    #expect(server.violations.count == 1)
    #expect(server.commands.isEmpty)
  }
}
