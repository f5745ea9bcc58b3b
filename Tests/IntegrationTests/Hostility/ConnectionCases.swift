// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Methods, expectations, and when a connection goes on: RFC 9110 §9 and §10.1.1, RFC 9112 §9.

extension HostileCase {
  static let methods: [HostileCase] = [
    HostileCase("HEAD", "HEAD /keys/{k}{h}\r\n", .answers([200]), "mg {k}", isHead: true),
    HostileCase("HEAD of what is not there", "HEAD /nowhere{h}\r\n", .answers([404]), isHead: true),
    HostileCase("HEAD refused", "HEAD /keys/{k} HTTP/1.1\r\n\r\n", .closes([400]), isHead: true),
    HostileCase("TRACE", "TRACE /keys/{k}{h}\r\n", .answers([501])),
    HostileCase("an unknown method", "BREW /keys/{k}{h}\r\n", .answers([501])),
    HostileCase(
      "an unknown method with a body", "BREW /keys/{k}{h}Content-Length: {length}\r\n\r\n{inner}",
      .answers([501])),
    HostileCase(
      "an unknown method of 200 letters", "\(String(repeating: "X", count: 200)) /keys/{k}{h}\r\n",
      .answers([501])),
    HostileCase("a method that the path does not have", "PATCH /keys/{k}{h}\r\n", .answers([405])),
    HostileCase(
      "a method that the path does not have, with a body",
      "POST /keys/{k}{h}Content-Length: {length}\r\n\r\n{inner}", .answers([405])),
    HostileCase(
      "a method that the path does not have, in chunks",
      "POST /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n{inner}", .closes([405])),
    HostileCase("OPTIONS", "OPTIONS /keys/{k}{h}\r\n", .answers([204])),
    HostileCase("OPTIONS of what is not there", "OPTIONS /nowhere{h}\r\n", .answers([404])),
    HostileCase(
      "a method override", "POST /keys/{k}{h}X-HTTP-Method-Override: DELETE\r\n\r\n", .answers([405])),
  ]

  static let expectations: [HostileCase] = [
    HostileCase(
      "100-continue", "PUT /keys/{k}{h}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", .waits([100])),
    HostileCase(
      "100-continue, and the body already there",
      "PUT /keys/{k}{h}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", .answers([100, 204]),
      "ms {k} abc"),
    HostileCase(
      "100-continue in capitals", "PUT /keys/{k}{h}Expect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc",
      .answers([100, 204]), "ms {k} abc"),
    HostileCase(
      "100-continue before chunks",
      "PUT /keys/{k}{h}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      .closes([100, 204]), "ms {k} abc"),
    HostileCase(
      "100-continue without a body", "GET /keys/{k}{h}Expect: 100-continue\r\n\r\n", .answers([100, 200]),
      "mg {k}"),
    HostileCase(
      "100-continue before HTTP/1.1, which is ignored",
      "PUT /keys/{k} HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", .closes([204]),
      "ms {k} abc"),
    HostileCase(
      "100-continue before a body that is too long",
      "PUT /keys/{k}{h}Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", .closes([413])),
    HostileCase(
      "100-continue before a body that is too long, and sent",
      "PUT /keys/{k}{h}Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n"
        + String(repeating: "a", count: 20_000),
      .closes([413])),
    HostileCase(
      "100-continue of a request that is refused",
      "PUT /keys/{k} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", .closes([400])),
    HostileCase(
      "100-continue before a space", "PUT /keys/{k}{h}Expect: 100-continue \r\nContent-Length: 3\r\n\r\n",
      .closes([417])),
    HostileCase(
      "something else", "PUT /keys/{k}{h}Expect: other\r\nContent-Length: 3\r\n\r\nabc{inner}", .closes([417])
    ),
    HostileCase(
      "something else beside it", "PUT /keys/{k}{h}Expect: 100-continue, other\r\nContent-Length: 3\r\n\r\n",
      .closes([417])),
    HostileCase(
      "something else in a second field",
      "PUT /keys/{k}{h}Expect: 100-continue\r\nExpect: other\r\nContent-Length: 3\r\n\r\n", .closes([417])),
    HostileCase(
      "something else without a body", "GET /keys/{k}{h}Expect: other\r\n\r\n{inner}", .closes([417])),
    HostileCase(
      "something else before HTTP/1.1", "GET /keys/{k} HTTP/1.0\r\nExpect: other\r\n\r\n", .closes([417])),
    HostileCase("nothing", "GET /keys/{k}{h}Expect:\r\n\r\n", .closes([417])),
  ]

  static let connections: [HostileCase] = [
    HostileCase("close", "GET /keys/{k}{h}Connection: close\r\n\r\n{inner}", .closes([200]), "mg {k}"),
    HostileCase(
      "close in a list", "GET /keys/{k}{h}Connection: a, Close\r\n\r\n{inner}", .closes([200]), "mg {k}"),
    HostileCase(
      "close in a second field", "GET /keys/{k}{h}Connection: keep-alive\r\nConnection: close\r\n\r\n{inner}",
      .closes([200]), "mg {k}"),
    HostileCase(
      "close with a body", "PUT /keys/{k}{h}Connection: close\r\nContent-Length: 3\r\n\r\nabc{inner}",
      .closes([204]), "ms {k} abc"),
    HostileCase(
      "a word that is not close", "GET /keys/{k}{h}Connection: closed\r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "a Connection that names a field",
      "PUT /keys/{k}{h}Connection: Content-Length\r\nContent-Length: 3\r\n\r\nabc", .answers([204]),
      "ms {k} abc"),
    HostileCase("HTTP/1.0", "GET /keys/{k} HTTP/1.0\r\n\r\n{inner}", .closes([200]), "mg {k}"),
    HostileCase(
      "HTTP/1.0 keep-alive", "GET /keys/{k} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", .answers([200]),
      "mg {k}"),
    HostileCase(
      "HTTP/1.0 keep-alive with a body",
      "PUT /keys/{k} HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", .answers([204]),
      "ms {k} abc"),
    HostileCase(
      "HTTP/1.0 keep-alive and close",
      "GET /keys/{k} HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n{inner}", .closes([200]), "mg {k}"),
    HostileCase("nothing", "", .waits([])),
    HostileCase("half a request line", "GET /keys/{k}", .waits([])),
    HostileCase("half a head", "GET /keys/{k}{h}", .waits([])),
  ]

  static let pipelines: [HostileCase] = [
    HostileCase(
      "three", "GET /keys/{k}1{h}\r\nPUT /keys/{k}2{h}Content-Length: 3\r\n\r\nabcGET /keys/{k}3{h}\r\n",
      .answers([200, 204, 200]), "mg {k}1", "ms {k}2 abc", "mg {k}3"),
    HostileCase(
      "three with empty lines between them",
      "GET /keys/{k}1{h}\r\n\r\nPUT /keys/{k}2{h}Content-Length: 3\r\n\r\nabc\r\nGET /keys/{k}3{h}\r\n\r\n",
      .answers([200, 204, 200]), "mg {k}1", "ms {k}2 abc", "mg {k}3"),
    HostileCase(
      "40", String(repeating: "GET /keys/{k}{h}\r\n", count: 40), .answers([Int](repeating: 200, count: 40)),
      commands: [String](repeating: "mg {k}", count: 40)),
    HostileCase(
      "a bad one between two good ones",
      "GET /keys/{k}1{h}\r\nGET /keys/{k}2 HTTP/1.1\r\n\r\nGET /keys/{k}3{h}\r\n", .closes([200, 400]),
      "mg {k}1"),
    HostileCase(
      "a bad one with a body between two good ones",
      "GET /keys/{k}1{h}\r\nPUT /keys/{k}2{h}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"
        + "GET /keys/{k}3{h}\r\n",
      .closes([200, 400]), "mg {k}1"),
    HostileCase(
      "one that is wrong but well-formed between two good ones",
      "GET /keys/{k}1{h}\r\nBREW /keys/{k}2{h}\r\nGET /keys/{k}3{h}\r\n", .answers([200, 501, 200]),
      "mg {k}1", "mg {k}3"),
    HostileCase(
      "one that is too long between two good ones",
      "GET /keys/{k}1{h}\r\nPUT /keys/{k}2{h}Content-Length: 1048577\r\n\r\nGET /keys/{k}3{h}\r\n",
      .closes([200, 413]), "mg {k}1"),
    HostileCase(
      "a good one and junk", "GET /keys/{k}{h}\r\njunk\r\n\r\n", .library(nil, after: [200]), "mg {k}"),
    HostileCase(
      "a good one and half of one", "GET /keys/{k}{h}\r\nGET /keys/{k}2 HTTP/1.1\r\nHo", .waits([200]),
      "mg {k}"),
    HostileCase(
      "one that closes before another",
      "DELETE /keys/{k}{h}Connection: close\r\n\r\nPUT /keys/{k}{h}Content-Length: 3\r\n\r\nabc",
      .closes([204]), "md {k}"),
  ]
}
