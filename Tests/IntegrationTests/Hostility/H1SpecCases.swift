// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// What the public suite h1spec (uNetworking/h1spec) asks of a server, in our own words: 33 vectors. Where it
// wants a body echoed, the value has to reach the backend; where it wants silence for half a second, silence
// until the client ends its side.

extension HostileCase {
  static let h1spec: [HostileCase] = fragments + wholes

  private static let fragments: [HostileCase] = [
    "G", "GET ", "GET /keys/{k}", "GET /keys/{k} ", "GET /keys/{k} HTTP", "GET /keys/{k} HTTP/1.1",
    "GET /keys/{k} HTTP/1.1\r", "GET /keys/{k} HTTP/1.1\r\n", "GET /keys/{k} HTTP/1.1\r\nHos",
    "GET /keys/{k} HTTP/1.1\r\nHost:", "GET /keys/{k} HTTP/1.1\r\nHost: ",
    "GET /keys/{k} HTTP/1.1\r\nHost: x",
    "GET /keys/{k} HTTP/1.1\r\nHost: x\r", "GET /keys/{k}{h}", "GET /keys/{k}{h}\r",
  ].map { HostileCase("fragment \($0.debugDescription)", $0, .waits([])) }

  private static let wholes: [HostileCase] = [
    HostileCase("no version", "GET /keys/{k} \r\n\r\n", .library(400)),
    HostileCase(
      "an expectation without a body", "GET /keys/{k}{h}Expect: 100-continue\r\n\r\n", .answers([100, 200]),
      "mg {k}"),
    HostileCase("a GET", "GET /keys/{k}{h}\r\n", .answers([200]), "mg {k}"),
    HostileCase(
      "odd case, a tab, an empty field", "GET /keys/{k} HTTP/1.1\r\nhoSt:\tx\r\nempty:\r\n\r\n",
      .answers([200]), "mg {k}"),
    HostileCase("a name that is no token", "GET /keys/{k}{h}X-Odd[]: y\r\n\r\n", .closes([400])),
    HostileCase(
      "no Host, but a length", "GET /keys/{k} HTTP/1.1\r\nContent-Length: 5\r\n\r\n", .closes([400])),
    HostileCase("two Hosts", "GET /keys/{k}{h}Host: y\r\n\r\n", .closes([400])),
    HostileCase(
      "a negative length that overflows",
      "GET /keys/{k}{h}Content-Length: -123456789012345678901234567\r\n\r\n", .library(400)),
    HostileCase("a negative length", "GET /keys/{k}{h}Content-Length: -1234\r\n\r\n", .library(400)),
    HostileCase("a length that is no number", "GET /keys/{k}{h}Content-Length: abc\r\n\r\n", .library(400)),
    HostileCase("an empty value", "GET /keys/{k}{h}X-Empty: \r\n\r\n", .answers([200]), "mg {k}"),
    HostileCase("a control character", "GET /keys/{k}{h}X-Bell: ring\u{7}\r\n\r\n", .closes([400])),
    HostileCase("HTTP/9.9", "GET /keys/{k} HTTP/9.9\r\nHost: x\r\n\r\n", .library(505)),
    HostileCase("words before the method", "More wordsGET /keys/{k}{h}\r\n", .closes([400])),
    HostileCase("a CR in the wrong place", "GET /keys/{k}{h}\rX: y\r\n\r\n", .closes([400])),
    HostileCase(
      "a body", "POST /keys/{k}/append{h}Content-Length: 5\r\n\r\nhello", .answers([204]), "ms {k} hello"),
    HostileCase(
      "chunks", "POST /keys/{k}/append{h}Transfer-Encoding: chunked\r\n\r\nc\r\nHeLLo wOrLd2\r\n0\r\n\r\n",
      .closes([204]), "ms {k} HeLLo wOrLd2"),
    HostileCase(
      "chunks and a length, in odd case",
      "POST /keys/{k}/append{h}content-LengtH: 5\r\nTransFer-Encoding: chunked\r\n\r\nc\r\nHeLLo wOrLd2\r\n0\r\n\r\n",
      .closes([400])),
  ]
}
