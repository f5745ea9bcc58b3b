// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a client sends on a connection of its own, and what has to become of it.
struct GuardVector {
  enum Outcome {
    /// Requests that are answered one by one, by their raw targets.
    case accepted([String])
    /// Refused with a 400 and the connection closed, or only closed: nothing behind it is read as a request.
    case refused
  }

  let name: String
  let bytes: String
  let outcome: Outcome

  init(_ name: String, _ bytes: String, accepts targets: String...) {
    (self.name, self.bytes, outcome) = (name, bytes, .accepted(targets))
  }

  init(refused name: String, _ bytes: String) {
    (self.name, self.bytes, outcome) = (name, bytes, .refused)
  }

  // `\0` and bare line ends are what many of these are about, so they are spelled out.
  static let all = accepted + requestLines + headerLines + framing

  private static let accepted = [
    GuardVector("plain", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", accepts: "/a"),
    GuardVector("query", "GET /a?b=c&d&e=%00+f HTTP/1.1\r\nHost: x\r\n\r\n", accepts: "/a?b=c&d&e=%00+f"),
    GuardVector("empty value", "GET /a HTTP/1.1\r\nX:\r\nHost: x\r\n\r\n", accepts: "/a"),
    GuardVector("space around a value", "GET /a HTTP/1.1\r\nX: \t y \t\r\nHost:x\r\n\r\n", accepts: "/a"),
    GuardVector("cookies", "GET /a HTTP/1.1\r\nCookie: a=1; b=\"2\"\r\nHost: x\r\n\r\n", accepts: "/a"),
    GuardVector("HTTP/1.0 without headers", "GET /a HTTP/1.0\r\n\r\n", accepts: "/a"),
    GuardVector("asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", accepts: "*"),
    GuardVector("absolute form", "GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", accepts: "http://x/a"),
    GuardVector("Host with a port", "GET /a HTTP/1.1\r\nHost: [::1%25eth0]:80 \r\n\r\n", accepts: "/a"),
    GuardVector("no Host value", "GET /a HTTP/1.1\r\nHost:\r\n\r\n", accepts: "/a"),
    GuardVector("odd method", "M-SEARCH /a HTTP/1.1\r\nHost: x\r\n\r\n", accepts: "/a"),
    GuardVector("body", "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", accepts: "/a"),
    GuardVector(
      "chunks",
      "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", accepts: "/a"),
    GuardVector(
      "pipelined",
      "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /b?c HTTP/1.1\r\nHost: x\r\n\r\n"
        + "\r\nGET /d HTTP/1.1\r\nHost: x\r\n\r\n",
      accepts: "/a", "/b?c", "/d"),
  ]

  private static let requestLines = [
    GuardVector(refused: "NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "NUL in the query", "GET /a?b\0c HTTP/1.1\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "tab in the target", "GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "two spaces before the target", "GET  /a HTTP/1.1\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "two spaces behind the target", "GET /a  HTTP/1.1\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "space behind the version", "GET /a HTTP/1.1 \r\nHost: x\r\n\r\n"),
    GuardVector(refused: "method that is no token", "G(T /a HTTP/1.1\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "NUL in the method", "GE\0T /a HTTP/1.1\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "bare LF behind the request line", "GET /a HTTP/1.1\nHost: x\r\n\r\n"),
  ]

  private static let headerLines = [
    GuardVector(refused: "bare LF behind a header", "GET /a HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"),
    GuardVector(refused: "bare LF behind the last header", "GET /a HTTP/1.1\r\nHost: x\n\r\n"),
    GuardVector(refused: "bare LF for the empty line", "GET /a HTTP/1.1\r\nHost: x\r\n\n"),
    GuardVector(refused: "bare CR in a value", "GET /a HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n"),
    GuardVector(refused: "control in a value", "GET /a HTTP/1.1\r\nHost: x\r\nX: a\u{1}b\r\n\r\n"),
    GuardVector(refused: "DEL in a value", "GET /a HTTP/1.1\r\nHost: x\r\nX: a\u{7F}b\r\n\r\n"),
    GuardVector(refused: "NUL in a value", "GET /a HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"),
    GuardVector(refused: "NUL at the end of a value", "GET /a HTTP/1.1\r\nHost: x\r\nX: a\0\r\n\r\n"),
    GuardVector(refused: "NUL in a name", "GET /a HTTP/1.1\r\nHost: x\r\nX\0: a\r\n\r\n"),
    GuardVector(refused: "no colon", "GET /a HTTP/1.1\r\nHost: x\r\nX\r\n\r\n"),
    GuardVector(refused: "no name", "GET /a HTTP/1.1\r\nHost: x\r\n: y\r\nContent-Length: 3\r\n\r\nabc"),
    GuardVector(refused: "no name in the first line", "GET /a HTTP/1.1\r\n: y\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "space in a name", "GET /a HTTP/1.1\r\nHost: x\r\nX y: z\r\n\r\n"),
    GuardVector(
      refused: "space before the colon", "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc"),
    GuardVector(refused: "space before the first header", "GET /a HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n"),
    GuardVector(refused: "folded first line", "GET /a HTTP/1.1\r\nHost: x\r\n y\r\nX: z\r\n\r\n"),
    GuardVector(refused: "folded last line", "GET /a HTTP/1.1\r\nHost: x\r\nX: y\r\n\tz\r\n\r\n"),
    GuardVector(
      refused: "fold that hides a length",
      "PUT /a HTTP/1.1\r\nHost: x\r\nX: y\r\n Content-Length: 3\r\n\r\nabc"),
    GuardVector(
      refused: "length that is folded", "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n 3\r\n\r\nabc"),
    GuardVector(refused: "no Host", "GET /a HTTP/1.1\r\nX: y\r\n\r\n"),
    GuardVector(refused: "two Hosts", "GET /a HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n"),
    GuardVector(refused: "space in the Host", "GET /a HTTP/1.1\r\nHost: a b\r\n\r\n"),
    GuardVector(refused: "path in the Host", "GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    GuardVector(refused: "two Hosts before 1.1", "GET /a HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"),
  ]

  private static let framing = [
    GuardVector(
      refused: "two lengths",
      "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    GuardVector(
      refused: "the same length twice",
      "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    GuardVector(
      refused: "list of lengths", "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc"),
    GuardVector(refused: "signed length", "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc"),
    GuardVector(
      refused: "hexadecimal length", "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc"),
    GuardVector(refused: "empty length", "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n"),
    GuardVector(
      refused: "length and chunks",
      "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    GuardVector(
      refused: "chunks and length",
      "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    GuardVector(
      refused: "unknown coding",
      "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    GuardVector(
      refused: "two codings",
      "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    GuardVector(
      refused: "chunked twice",
      "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "0\r\n\r\n"),
    GuardVector(
      refused: "chunks before 1.1", "PUT /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  ]
}
