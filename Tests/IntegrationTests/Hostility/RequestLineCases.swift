// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// The first line of a request: method, target, version.

extension HostileCase {
  static let requestLines: [HostileCase] = [
    HostileCase("empty lines before it", "\r\n\r\nGET /keys/{k}{h}\r\n", .answers([200]), "mg {k}"),
    HostileCase("bare LFs before it", "\n\nGET /keys/{k}{h}\r\n", .answers([200]), "mg {k}"),
    HostileCase("a space before it", " GET /keys/{k}{h}\r\n", .library(nil)),
    HostileCase("a tab before it", "\tGET /keys/{k}{h}\r\n", .closes([400])),
    HostileCase("a bare CR before it", "\rGET /keys/{k}{h}\r\n", .closes([400])),
    HostileCase("a byte order mark before it", "\u{EF}\u{BB}\u{BF}GET /keys/{k}{h}\r\n", .closes([400])),
    HostileCase("two spaces before the target", "GET  /keys/{k}{h}\r\n", .closes([400])),
    HostileCase("two spaces before the version", "GET /keys/{k} {h}\r\n", .closes([400])),
    HostileCase("a space behind the version", "GET /keys/{k} HTTP/1.1 \r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("a tab for the first space", "GET\t/keys/{k}{h}\r\n", .library(400)),
    HostileCase("a tab for the second space", "GET /keys/{k}\tHTTP/1.1\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("tabs for both", "GET\t/keys/{k}\tHTTP/1.1\r\nHost: x\r\n\r\n", .library(nil)),
    HostileCase("a fourth word", "GET /keys/{k} HTTP/1.1{h}\r\n", .closes([400])),
    HostileCase("a space in the target", "GET /keys/{k} {k}{h}\r\n", .closes([400])),
    HostileCase("no target", "GET{h}\r\n", .library(400)),
    HostileCase("a method alone", "GET\r\nHost: x\r\n\r\n", .library(nil)),
    HostileCase("no version", "GET /keys/{k}\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("no version, as HTTP/0.9 has it", "GET /keys/{k}\r\n", .library(400)),
    HostileCase("HTTP/0.9", "GET /keys/{k} HTTP/0.9\r\nHost: x\r\n\r\n", .library(505)),
    HostileCase(
      "HTTP/1.2, which is read as 1.1", "GET /keys/{k} HTTP/1.2\r\nHost: x\r\n\r\n", .answers([200]), "mg {k}"
    ),
    HostileCase("HTTP/2.0", "GET /keys/{k} HTTP/2.0\r\nHost: x\r\n\r\n", .library(505)),
    HostileCase("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .library(505)),
    HostileCase("HTTP/1.10", "GET /keys/{k} HTTP/1.10\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("HTTP/1", "GET /keys/{k} HTTP/1\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("HTTP/01.1", "GET /keys/{k} HTTP/01.1\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("HTTP/1,1", "GET /keys/{k} HTTP/1,1\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("a version in small letters", "GET /keys/{k} http/1.1\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("another protocol", "GET /keys/{k} ICAP/1.0\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase("a method in small letters, which is another", "get /keys/{k}{h}\r\n", .answers([501])),
    HostileCase("a method that is no token", "G(T /keys/{k}{h}\r\n", .closes([400])),
    HostileCase("a NUL in the method", "G\u{0}T /keys/{k}{h}\r\n", .closes([400])),
    HostileCase("bytes above 0x7F in the method", "G\u{C3}\u{89}T /keys/{k}{h}\r\n", .closes([400])),
    HostileCase("a bare LF behind it", "GET /keys/{k} HTTP/1.1\nHost: x\r\n\r\n", .closes([400])),
    HostileCase("a bare CR behind it", "GET /keys/{k} HTTP/1.1\rHost: x\r\n\r\n", .library(400)),
    HostileCase("two CRs behind it", "GET /keys/{k} HTTP/1.1\r\r\nHost: x\r\n\r\n", .library(400)),
    HostileCase(
      "the start of TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{FC}\u{3}\u{3}\r\n\r\n", .library(nil)),
    HostileCase("a command of memcached", "get {k}\r\n", .library(400)),
    HostileCase("commands of memcached", "set {k} 0 0 3\r\nabc\r\n", .library(400)),
  ]

  static let targets: [HostileCase] = [
    HostileCase("absolute-form", "GET http://x/keys/{k}{h}\r\n", .answers([200]), "mg {k}"),
    HostileCase("absolute-form of another host", "GET http://y:1/keys/{k}{h}\r\n", .answers([200]), "mg {k}"),
    HostileCase("absolute-form without a Host", "GET http://x/keys/{k} HTTP/1.1\r\n\r\n", .closes([400])),
    HostileCase("absolute-form without a path", "GET http://x{h}\r\n", .answers([404])),
    HostileCase("absolute-form without a host", "GET http:///keys/{k}{h}\r\n", .answers([400])),
    HostileCase("absolute-form of another scheme", "GET ftp://x/keys/{k}{h}\r\n", .answers([400])),
    HostileCase("absolute-form with a query for a path", "GET http://x?/keys/{k}{h}\r\n", .answers([404])),
    HostileCase("asterisk", "OPTIONS *{h}\r\n", .answers([204])),
    HostileCase("asterisk of a GET", "GET *{h}\r\n", .answers([404])),
    HostileCase("asterisk and more", "OPTIONS *x{h}\r\n", .answers([400])),
    HostileCase("authority-form", "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", .answers([501])),
    HostileCase(
      "authority-form and a tunnel's bytes", "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n{inner}",
      .answers([501, 200]), "mg {k}inner"),
    HostileCase("authority-form of a GET", "GET x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", .answers([400])),
    HostileCase("a path without a slash", "GET keys/{k}{h}\r\n", .answers([400])),
    HostileCase("a NUL", "GET /keys/{k}\u{0}b{h}\r\n", .closes([400])),
    HostileCase("a NUL at its end", "GET /keys/{k}\u{0}{h}\r\n", .closes([400])),
    HostileCase("a NUL in the query", "GET /keys?key={k}\u{0}b{h}\r\n", .closes([400])),
    HostileCase(
      "a NUL and a version of its own", "GET /keys/{k}\u{0}HTTP/1.1\u{0}\u{0}{h}\r\n", .closes([400])),
    HostileCase("a bare CR", "GET /keys/{k}\rb{h}\r\n", .closes([400])),
    HostileCase("a DEL", "GET /keys/{k}\u{7F}{h}\r\n", .closes([400])),
    HostileCase("a control", "GET /keys/{k}\u{1F}{h}\r\n", .closes([400])),
    HostileCase("a fragment", "GET /keys/{k}#b{h}\r\n", .answers([400])),
    HostileCase("raw UTF-8", "GET /keys/{k}\u{C3}\u{BC}{h}\r\n", .answers([200]), "mg {k}ü"),
    HostileCase("an encoded NUL", "GET /keys/{k}%00{h}\r\n", .answers([400])),
    HostileCase(
      "an encoded CRLF and a command", "GET /keys/{k}%0d%0aflush_all%0d%0a{h}\r\n", .answers([400])),
    HostileCase("an encoded space", "GET /keys/{k}%20b{h}\r\n", .answers([400])),
    HostileCase("an encoded slash", "GET /keys/{k}%2Fincr{h}\r\n", .answers([200]), "mg {k}/incr"),
    HostileCase("an encoded question mark", "GET /keys/{k}%3Fa{h}\r\n", .answers([200]), "mg {k}?a"),
    HostileCase("encoded twice", "GET /keys/{k}%252F{h}\r\n", .answers([200]), "mg {k}%2F"),
    HostileCase("a percent without digits", "GET /keys/{k}%zz{h}\r\n", .answers([400])),
    HostileCase("a percent at the end", "GET /keys/{k}%{h}\r\n", .answers([400])),
    HostileCase("an encoded letter of the path", "GET /k%65ys/{k}{h}\r\n", .answers([404])),
    HostileCase("dots", "GET /keys/../keys/{k}{h}\r\n", .answers([404])),
    HostileCase("two slashes", "GET //keys/{k}{h}\r\n", .answers([404])),
    HostileCase("a slash at the end", "GET /keys/{k}/{h}\r\n", .answers([404])),
    HostileCase("no key", "GET /keys/{h}\r\n", .answers([400])),
    HostileCase(
      "backslashes, which are a key's", "GET /keys/{k}\\..\\a{h}\r\n", .answers([200]), "mg {k}\\..\\a"),
    HostileCase("a query that a key does not have", "GET /keys/{k}?x=y{h}\r\n", .answers([400])),
    HostileCase("an empty query", "GET /keys/{k}?{h}\r\n", .answers([200]), "mg {k}"),
    HostileCase("two question marks", "GET /keys?key={k}?key=b{h}\r\n", .answers([200]), "mg {k}?key=b"),
  ]
}
