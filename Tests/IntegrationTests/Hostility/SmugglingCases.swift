// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Request smuggling: heads that say in more than one way, or in none that is clear, where the body ends.

extension HostileCase {
  /// The cases that are also sent through proxies.
  static var smuggling: [HostileCase] {
    lengths + codings + hosts + fields + chunks + chunkErrors + pipelines
  }

  static let lengths: [HostileCase] = [
    HostileCase(
      "a Content-Length and chunks",
      "PUT /keys/{k}{h}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "0\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "chunks and a Content-Length",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
        + "0\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a Content-Length that covers a request, and chunks that do not",
      "POST /keys/{k}/append{h}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"
        + "\r\n0\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "two equal lengths",
      "PUT /keys/{k}{h}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc{inner}",
      .closes([400])),
    HostileCase(
      "two different lengths, the smaller first",
      "PUT /keys/{k}{h}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "two different lengths, the larger first",
      "PUT /keys/{k}{h}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "two lengths in different case",
      "PUT /keys/{k}{h}content-length: 0\r\nCONTENT-LENGTH: {length}\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "a length with a plus",
      "PUT /keys/{k}{h}Content-Length: +3\r\n\r\nabc{inner}", .library(400)),
    HostileCase(
      "a negative length", "PUT /keys/{k}{h}Content-Length: -3\r\n\r\nabc{inner}",
      .library(400)),
    HostileCase(
      "a length behind two spaces",
      "PUT /keys/{k}{h}Content-Length:  3\r\n\r\nabc", .answers([204]), "ms {k} abc"),
    HostileCase(
      "a length behind a tab", "PUT /keys/{k}{h}Content-Length:\t3\r\n\r\nabc",
      .answers([204]), "ms {k} abc"),
    HostileCase(
      "a length behind no space", "PUT /keys/{k}{h}Content-Length:3\r\n\r\nabc",
      .answers([204]), "ms {k} abc"),
    // RFC 9112 allows this one: see the list of what is stricter than it has to be.
    HostileCase(
      "a length before a space", "PUT /keys/{k}{h}Content-Length: 3 \r\n\r\nabc{inner}",
      .library(400)),
    HostileCase(
      "a length with zeros before it",
      "PUT /keys/{k}{h}Content-Length: 003\r\n\r\nabc", .answers([204]), "ms {k} abc"),
    HostileCase(
      "a list of equal lengths",
      "PUT /keys/{k}{h}Content-Length: 3, 3\r\n\r\nabc{inner}", .library(400)),
    HostileCase(
      "a list of different lengths",
      "PUT /keys/{k}{h}Content-Length: 0, 3\r\n\r\nabc{inner}", .library(400)),
    HostileCase(
      "a hexadecimal length", "PUT /keys/{k}{h}Content-Length: 0x3\r\n\r\nabc{inner}",
      .library(400)),
    HostileCase(
      "a fractional length", "PUT /keys/{k}{h}Content-Length: 3.0\r\n\r\nabc{inner}",
      .library(400)),
    HostileCase(
      "a length in two words", "PUT /keys/{k}{h}Content-Length: 0 3\r\n\r\nabc{inner}",
      .library(400)),
    HostileCase(
      "a length in fullwidth digits",
      "PUT /keys/{k}{h}Content-Length: \u{EF}\u{BC}\u{93}\r\n\r\nabc{inner}",
      .library(400)),
    HostileCase(
      "an empty length", "PUT /keys/{k}{h}Content-Length:\r\n\r\n{inner}", .library(400)),
    HostileCase(
      "a length beyond 64 bits",
      "PUT /keys/{k}{h}Content-Length: 18446744073709551619\r\n\r\nabc{inner}",
      .library(413)),
    HostileCase(
      "a length with a NUL behind it",
      "PUT /keys/{k}{h}Content-Length: 3\u{0}\r\n\r\nabc{inner}", .closes([400])),
    HostileCase(
      "a space before the colon of a length",
      "PUT /keys/{k}{h}Content-Length : {length}\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a length behind a fold",
      "PUT /keys/{k}{h}Content-Length:\r\n {length}\r\n\r\n{inner}", .library(400)),
    HostileCase(
      "a length in a folded line",
      "PUT /keys/{k}{h}X: y\r\n Content-Length: {length}\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "a length behind a bare CR",
      "PUT /keys/{k}{h}X: y\rContent-Length: {length}\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a length behind a bare LF",
      "PUT /keys/{k}{h}X: y\nContent-Length: {length}\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a length behind an empty name",
      "PUT /keys/{k}{h}: y\r\nContent-Length: {length}\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a length whose name begins with a space",
      "PUT /keys/{k}{h} Content-Length: {length}\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a length whose name is quoted",
      "PUT /keys/{k}{h}\"Content-Length\": {length}\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a length whose name has underscores, which is another name",
      "PUT /keys/{k}{h}Content_Length: {length}\r\n\r\n{inner}", .answers([204, 200]),
      "ms {k} ", "mg {k}inner"),
    HostileCase(
      "a request in the body of a GET",
      "GET /keys/{k}{h}Content-Length: {length}\r\n\r\n{inner}", .answers([200]),
      "mg {k}"),
    HostileCase(
      "a request in the body of a HEAD",
      "HEAD /keys/{k}{h}Content-Length: {length}\r\n\r\n{inner}", .answers([200]),
      "mg {k}", isHead: true),
    HostileCase(
      "a request in the body of a DELETE",
      "DELETE /keys/{k}{h}Content-Length: {length}\r\n\r\n{inner}", .answers([204]),
      "md {k}"),
    HostileCase(
      "a request in the body of an OPTIONS",
      "OPTIONS /keys/{k}{h}Content-Length: {length}\r\n\r\n{inner}", .answers([204])),
  ]

  static let codings: [HostileCase] = [
    coding("chunked, identity"), coding("identity, chunked"), coding("identity"), coding("xchunked"),
    coding("gzip, chunked"), coding("chunked, chunked"), coding("chunked;q=1"), coding("\"chunked\""),
    coding("chunk"), coding("chunked\u{B}"), coding("\u{B}chunked"), coding("chunked\u{0}"), coding(""),
    coding("x\r\n chunked"), coding("chunked\r\n\t"), coding(",chunked"), coding("chunked,"),
    // RFC 9112 allows these two: see the list of what is stricter than it has to be.
    coding("chunked "), coding("chunked\t"),
    HostileCase(
      "a coding behind a tab",
      "PUT /keys/{k}{h}Transfer-Encoding:\tchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      .closes([204]), "ms {k} abc"),
    HostileCase(
      "a coding in capitals",
      "PUT /keys/{k}{h}TRANSFER-ENCODING: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      .closes([204]), "ms {k} abc"),
    HostileCase(
      "a space before the colon of a coding",
      "PUT /keys/{k}{h}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "a coding whose name begins with a space",
      "PUT /keys/{k}{h} Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "a coding whose name ends with a control",
      "PUT /keys/{k}{h}Transfer-Encoding\u{B}: chunked\r\n\r\n0\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "a coding behind a bare CR",
      "PUT /keys/{k}{h}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "a coding behind a bare LF",
      "PUT /keys/{k}{h}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "two codings, the second another",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
        + "0\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "two codings, the first another",
      "PUT /keys/{k}{h}Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "0\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "two equal codings",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "0\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "chunks before HTTP/1.1",
      "PUT /keys/{k} HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
      .closes([400])),
    HostileCase(
      "chunks and a length before HTTP/1.1",
      "PUT /keys/{k} HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 5\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}", .closes([400])),
    HostileCase(
      "a request behind chunks",
      "PUT /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n{inner}",
      .closes([204]), "ms {k} abc"),
    HostileCase(
      "a request behind the chunks of a GET",
      "GET /keys/{k}{h}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
      .closes([200]), "mg {k}"),
  ]

  /// A transfer coding that is not plainly `chunked`: nobody may guess where such a body ends.
  private static func coding(_ value: String) -> HostileCase {
    HostileCase(
      "the coding \(value.debugDescription)",
      "PUT /keys/{k}{h}Transfer-Encoding: \(value)\r\n\r\n0\r\n\r\n{inner}",
      .closes([400]))
  }
}
