// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Header fields: Host, names, values, and how many of them.

extension HostileCase {
  static let hosts: [HostileCase] = [
    HostileCase("no Host", "GET /keys/{k} HTTP/1.1\r\n\r\n", .closes([400])),
    HostileCase("no Host before HTTP/1.1", "GET /keys/{k} HTTP/1.0\r\n\r\n", .closes([200]), "mg {k}"),
    HostileCase("two equal Hosts", "GET /keys/{k}{h}Host: x\r\n\r\n", .closes([400])),
    HostileCase("two different Hosts", "GET /keys/{k}{h}host: y\r\n\r\n", .closes([400])),
    HostileCase(
      "two Hosts before HTTP/1.1", "GET /keys/{k} HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", .closes([400])),
    HostileCase("an empty Host", "GET /keys/{k} HTTP/1.1\r\nHost:\r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "a Host with a port", "GET /keys/{k} HTTP/1.1\r\nHost: x:80\r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "a Host with an empty port", "GET /keys/{k} HTTP/1.1\r\nHost: x:\r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "an IPv6 Host", "GET /keys/{k} HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "a Host before a space", "GET /keys/{k} HTTP/1.1\r\nHost: x \t\r\n\r\n", .answers([200]), "mg {k}"),
    host("x y"), host("x\ty"), host("x,y z"), host("x/y"), host("x@y"), host("x?y"), host("x#y"),
    host("x\\y"),
    host("x:port"), host("x:80:80"), host("[::1"), host("[::1]x"), host("::1"), host("<x>"), host("\u{FC}"),
    host("x:-1"), host("http://x"), host("x\u{1}"),
    HostileCase(
      "a space before the colon of a Host", "GET /keys/{k} HTTP/1.1\r\nHost : x\r\n\r\n", .closes([400])),
    HostileCase(
      "a Host in a folded line", "GET /keys/{k} HTTP/1.1\r\nX: y\r\n Host: x\r\n\r\n", .closes([400])),
    HostileCase("a Host behind a fold", "GET /keys/{k} HTTP/1.1\r\nHost:\r\n x\r\n\r\n", .closes([400])),
    HostileCase(
      "a space before Host", "GET /keys/{k} HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n", .closes([400])),
  ]

  private static func host(_ value: String) -> HostileCase {
    HostileCase(
      "the Host \(value.debugDescription)", "GET /keys/{k} HTTP/1.1\r\nHost: \(value)\r\n\r\n{inner}",
      .closes([400]))
  }

  static let fields: [HostileCase] = [
    field("a line without a colon", "X", .library(400)),
    field("a line without a name", ": y"),
    field("a space before the colon", "X : y"),
    field("a tab before the colon", "X\t: y"),
    field("a space in the name", "X Y: z"),
    field("brackets in the name", "X[]: y"),
    field("a slash in the name", "X/Y: z"),
    field("a NUL in the name", "X\u{0}: y", .library(400)),
    field("a control in the name", "X\u{1}: y"),
    field("bytes above 0x7F in the name", "\u{FC}: y"),
    field("a fold with a space", "X: y\r\n z"),
    field("a fold with a tab", "X: y\r\n\tz"),
    field("a fold of white space alone", "X: y\r\n \t"),
    field("a NUL in the value", "X: a\u{0}b"),
    field("a NUL at the end of the value", "X: a\u{0}"),
    field("a bell in the value", "X: a\u{7}"),
    field("a DEL in the value", "X: a\u{7F}b"),
    field("an escape in the value", "X: \u{1B}[31mred"),
    field("a vertical tab in the value", "X: a\u{B}b"),
    field("a bare CR in the value", "X: a\rb"),
    field("a bare CR before the value", "X:\ra"),
    field("a bare CR at the end of the value", "X: a\r"),
    field("a bare LF in the value", "X: a\nY: b"),
    field("a bare LF and no name", "X: a\nb", .library(400)),
    HostileCase(
      "a bare LF behind the last field", "GET /keys/{k} HTTP/1.1\r\nHost: x\n\r\n{inner}", .closes([400])),
    HostileCase("a bare LF for the empty line", "GET /keys/{k}{h}\n{inner}", .closes([400])),
    HostileCase("bare LFs everywhere", "GET /keys/{k} HTTP/1.1\nHost: x\n\n{inner}", .closes([400])),
    HostileCase("a CR before the empty line", "GET /keys/{k}{h}\r\r\n{inner}", .library(400)),
    HostileCase("a CR for the empty line", "GET /keys/{k}{h}\rX: y\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a space before the first field", "GET /keys/{k} HTTP/1.1\r\n X: y\r\nHost: x\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "a space for the first field", "GET /keys/{k} HTTP/1.1\r\n \r\nHost: x\r\n\r\n{inner}", .library(400)),
    // What nobody can tell from CRLF once libmicrohttpd 0.9.75 has read it: see the list of what remains.
    HostileCase(
      "a NUL and a LF for the end of a line", "GET /keys/{k} HTTP/1.1\r\nHost: x\u{0}\nX: y\r\n\r\n",
      .answers([200]), "mg {k}"),
    HostileCase(
      "a NUL and a LF before a length",
      "PUT /keys/{k}{h}X: y\u{0}\nContent-Length: {length}\r\n\r\n{inner}", .answers([204]),
      "ms {k} GET /keys/{k}inner HTTP/1.1\r\nHost: x\r\n\r\n"),
    HostileCase(
      "a NUL and a LF for the empty line", "GET /keys/{k}{h}\u{0}\n{inner}", .answers([200, 200]), "mg {k}",
      "mg {k}inner"),
    HostileCase(
      "a line with a NUL before a request", "\u{0}x\r\nGET /keys/{k}{h}\r\n", .answers([200]), "mg {k}"),
    HostileCase("an empty value", "GET /keys/{k}{h}X:\r\nY: \t \r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "bytes above 0x7F in the value", "GET /keys/{k}{h}X: \u{FC}\u{FF}\r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase("a tab in the value", "GET /keys/{k}{h}X: a\tb\r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "every character of a token", "GET /keys/{k}{h}!#$%&'*+-.^_`|~09azAZ: y\r\n\r\n", .answers([200]),
      "mg {k}"),
    HostileCase("odd cookies", "GET /keys/{k}{h}Cookie: \"; a==b;;,=\r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "an upgrade that nobody offers", "GET /keys/{k}{h}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
      .answers([200]), "mg {k}"),
    HostileCase(
      "an ETag with a line end",
      "PUT /keys/{k}{h}If-Match: \"a\r\n b\"\r\nContent-Length: 3\r\n\r\nabc{inner}", .closes([400])),
  ]

  private static func field(_ name: String, _ line: String, _ outcome: Outcome = .closes([400]))
    -> HostileCase
  {
    HostileCase(name, "GET /keys/{k}{h}\(line)\r\n\r\n{inner}", outcome)
  }

  static let sizes: [HostileCase] = [
    HostileCase(
      "a field of 100 kB", "GET /keys/{k}{h}X: \(String(repeating: "y", count: 100_000))\r\n\r\n{inner}",
      .library(431)),
    HostileCase(
      "a name of 100 kB", "GET /keys/{k}{h}\(String(repeating: "X", count: 100_000)): y\r\n\r\n{inner}",
      .library(431)),
    HostileCase(
      "a line of 100 kB without a colon",
      "GET /keys/{k}{h}\(String(repeating: "X", count: 100_000))\r\n\r\n{inner}", .library(431)),
    HostileCase(
      "10,000 fields", "GET /keys/{k}{h}\(String(repeating: "X: y\r\n", count: 10_000))\r\n{inner}",
      .library(431)),
    HostileCase(
      "10,000 empty fields", "GET /keys/{k}{h}\(String(repeating: "X:\r\n", count: 10_000))\r\n{inner}",
      .library(431)),
    HostileCase(
      "10,000 folded lines",
      "GET /keys/{k}{h}X: y\r\n\(String(repeating: " z\r\n", count: 10_000))\r\n{inner}", .library(431)),
    HostileCase(
      "a field that does not end", "GET /keys/{k}{h}X: \(String(repeating: "y", count: 100_000))",
      .library(431)),
    HostileCase(
      "60 fields", "GET /keys/{k}{h}\(String(repeating: "X: y\r\n", count: 60))\r\n", .answers([200]),
      "mg {k}"),
    HostileCase(
      "a field of 2 kB", "GET /keys/{k}{h}X: \(String(repeating: "y", count: 2_000))\r\n\r\n",
      .answers([200]), "mg {k}"),
    HostileCase(
      "300 cookies", "GET /keys/{k}{h}Cookie: \(String(repeating: "a=b; ", count: 300))c=d\r\n\r\n{inner}",
      .library(431)),
    HostileCase(
      "a target of 100 kB", "GET /keys/{k}\(String(repeating: "y", count: 100_000)){h}\r\n{inner}",
      .library(414)),
    HostileCase(
      "a target that does not end", "GET /keys/{k}\(String(repeating: "y", count: 100_000))", .library(414)),
    HostileCase(
      "a target of 6 kB", "GET /keys/{k}\(String(repeating: "y", count: 6_000)){h}\r\n", .answers([400])),
    HostileCase(
      "a method of 100 kB", "\(String(repeating: "G", count: 100_000)) /keys/{k}{h}\r\n{inner}", .library(414)
    ),
    HostileCase(
      "1,000 query arguments", "GET /keys?key={k}\(String(repeating: "&", count: 1_000)){h}\r\n",
      .answers([200]), "mg {k}"),
    HostileCase(
      "1,000 query arguments that a key does not have",
      "GET /keys/{k}?\(String(repeating: "a&", count: 1_000)){h}\r\n", .answers([400])),
    HostileCase(
      "100 empty lines before a request",
      "\(String(repeating: "\r\n", count: 100))GET /keys/{k}{h}\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "10,000 empty lines before a request",
      "\(String(repeating: "\r\n", count: 10_000))GET /keys/{k}{h}\r\n", .library(414)),
  ]
}
