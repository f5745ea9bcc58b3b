// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Bodies: as long as announced, shorter, longer, and in chunks.

extension HostileCase {
  static let bodies: [HostileCase] = [
    HostileCase(
      "as announced", "PUT /keys/{k}{h}Content-Length: 3\r\n\r\nabc", .answers([204]), "ms {k} abc"),
    HostileCase("none", "PUT /keys/{k}{h}\r\n", .answers([204]), "ms {k} "),
    HostileCase("of no bytes", "PUT /keys/{k}{h}Content-Length: 0\r\n\r\n", .answers([204]), "ms {k} "),
    HostileCase(
      "commands of memcached, which are a value",
      "PUT /keys/{k}{h}Content-Length: 25\r\n\r\n\r\nflush_all\r\nget a\r\nend\r\n", .answers([204]),
      "ms {k} \r\nflush_all\r\nget a\r\nend\r\n"),
    HostileCase(
      "a whole request, which is a value", "PUT /keys/{k}{h}Content-Length: {length}\r\n\r\n{inner}",
      .answers([204]), "ms {k} GET /keys/{k}inner{h}\r\n"),
    HostileCase("shorter", "PUT /keys/{k}{h}Content-Length: 4\r\n\r\nabc", .waits([])),
    HostileCase(
      "shorter, and an end that a request would have",
      "PUT /keys/{k}{h}Content-Length: 100\r\n\r\nabc\r\n\r\n", .waits([])),
    HostileCase("shorter, and none of it", "PUT /keys/{k}{h}Content-Length: 3\r\n\r\n", .waits([])),
    HostileCase(
      "shorter, of a request that has no use for one", "GET /keys/{k}{h}Content-Length: 4\r\n\r\nabc",
      .waits([])),
    HostileCase(
      "longer by a line end", "PUT /keys/{k}{h}Content-Length: 3\r\n\r\nabc\r\n", .answers([204]),
      "ms {k} abc"),
    HostileCase(
      "longer by a word", "PUT /keys/{k}{h}Content-Length: 3\r\n\r\nabcdef\r\n\r\n",
      .library(nil, after: [204]), "ms {k} abc"),
    HostileCase(
      "longer by a half request", "PUT /keys/{k}{h}Content-Length: 3\r\n\r\nabcGET /keys/{k}", .waits([204]),
      "ms {k} abc"),
    HostileCase(
      "longer by a request, which is one", "PUT /keys/{k}{h}Content-Length: 3\r\n\r\nabc{inner}",
      .answers([204, 200]), "ms {k} abc", "mg {k}inner"),
    HostileCase(
      "too long for a value, as announced", "PUT /keys/{k}{h}Content-Length: 1048577\r\n\r\n{inner}",
      .closes([413])),
    HostileCase(
      "too long for an int, as announced",
      "PUT /keys/{k}{h}Content-Length: 9223372036854775808\r\n\r\n{inner}", .closes([413])),
    HostileCase(
      "too long for arguments, as announced",
      "POST /keys/{k}/incr{h}Content-Length: 100000000\r\n\r\n{inner}", .closes([413])),
    HostileCase(
      "too long for a GET, as announced", "GET /keys/{k}{h}Content-Length: 100000000\r\n\r\n{inner}",
      .closes([413])),
    HostileCase(
      "too long for where there is nothing", "PUT /nowhere{h}Content-Length: 100000000\r\n\r\n{inner}",
      .closes([404])),
  ]

  static let chunks: [HostileCase] = [
    chunked("one", "3\r\nabc\r\n0\r\n\r\n", "abc"),
    chunked("none", "0\r\n\r\n", ""),
    chunked("three", "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc"),
    chunked("a size in capitals", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    chunked("a size in small letters", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    chunked("zeros before a size", "0003\r\nabc\r\n000\r\n\r\n", "abc"),
    chunked("a chunk that looks like the end", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n"),
    chunked("a chunk that is a request", "{size}\r\n{inner}\r\n0\r\n\r\n", "GET /keys/{k}inner{h}\r\n"),
    chunked("an extension", "3;a=b\r\nabc\r\n0;c\r\n\r\n", "abc"),
    chunked("an extension with a quoted line", "3;a=\"b;c\"\r\nabc\r\n0\r\n\r\n", "abc"),
    chunked("an extension of 1 kB", "3;\(String(repeating: "a", count: 1_000))\r\nabc\r\n0\r\n\r\n", "abc"),
    chunked("trailers", "3\r\nabc\r\n0\r\nX: y\r\nZ: a\r\n\r\n", "abc"),
    chunked(
      "trailers that would be framing",
      "3\r\nabc\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\nHost: y\r\n\r\n", "abc"),
    // libmicrohttpd is lenient in these. The connection ends behind them, so that nothing follows from it.
    chunked("bare LFs", "3\nabc\n0\n\n", "abc"),
    chunked("a bare LF that ends an extension", "3;a\nabc\r\n0\r\n\r\n", "abc"),
    chunked("a folded trailer", "3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n", "abc"),
  ]

  private static func chunked(_ name: String, _ body: String, _ value: String) -> HostileCase {
    HostileCase(
      "chunks: \(name)",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n\(body){inner}", .closes([204]), "ms {k} \(value)")
  }

  static let chunkErrors: [HostileCase] = [
    chunkError("a negative size", "-3\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size with a plus", "+3\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size that says it is hexadecimal", "0x3\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size before a space", "3 \r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size behind a space", " 3\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size before a tab", "3\t\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size that is none", "x\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("no size", "\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("no size but an extension", ";a\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size behind a comma", "3,\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size with a NUL", "3\u{0}\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size with a bare CR", "3\rx\r\nabc\r\n0\r\n\r\n", .library(400)),
    chunkError("a size beyond 64 bits", "10000000000000003\r\nabc\r\n0\r\n\r\n", .library(413)),
    chunkError(
      "a size of 40 digits", "\(String(repeating: "F", count: 40))\r\nabc\r\n0\r\n\r\n", .library(413)),
    chunkError("no line end behind the bytes", "3\r\nabc0\r\n\r\n", .library(400)),
    chunkError("more bytes than the size says", "3\r\nabcdef\r\n0\r\n\r\n", .library(400)),
    chunkError("a CR alone behind the bytes", "3\r\nabc\r0\r\n\r\n", .library(400)),
    chunkError("a trailer without a colon", "3\r\nabc\r\n0\r\nX\r\n\r\n", .library(400)),
    chunkError(
      "10,000 trailers", "3\r\nabc\r\n0\r\n\(String(repeating: "X: y\r\n", count: 10_000))\r\n", .library(431)
    ),
    chunkError(
      "a trailer of 100 kB", "3\r\nabc\r\n0\r\nX: \(String(repeating: "y", count: 100_000))\r\n\r\n",
      .library(431)),
    chunkError(
      "an extension of 100 kB", "3;\(String(repeating: "a", count: 100_000))\r\nabc\r\n0\r\n\r\n",
      .library(nil)),
    chunkError(
      "a size of 100 kB", "\(String(repeating: "0", count: 100_000))3\r\nabc\r\n0\r\n\r\n", .library(nil)),
    HostileCase(
      "chunks: a size of nearly 64 bits",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n", .waits([])),
    HostileCase(
      "chunks: fewer bytes than the size says",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n9\r\nabc\r\n", .waits([])),
    HostileCase(
      "chunks: no end", "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", .waits([])),
    HostileCase(
      "chunks: no end of the trailers", "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
      .waits([])),
    HostileCase("chunks: half a size", "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n3", .waits([])),
    HostileCase(
      "chunks: none, and none announced to end", "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n",
      .waits([])),
    HostileCase(
      "chunks: one of 4 kB",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n1000\r\n\(String(repeating: "a", count: 4_096))\r\n"
        + "0\r\n\r\n{inner}",
      .closes([204]), "ms {k} \(String(repeating: "a", count: 4_096))"),
  ]

  private static func chunkError(_ name: String, _ body: String, _ outcome: Outcome) -> HostileCase {
    HostileCase(
      "chunks: \(name)",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n\(body){inner}", outcome)
  }
}
