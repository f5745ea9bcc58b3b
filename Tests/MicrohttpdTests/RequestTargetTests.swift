// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Microhttpd

@Suite struct RequestTargetTests {
  struct Case: Sendable {
    let raw: String
    let segments: [String]
    var query: [String] = []
  }

  @Test(
    "A target is taken apart",
    arguments: [
      Case(raw: "/", segments: [""]),
      Case(raw: "/keys/a", segments: ["keys", "a"]),
      Case(raw: "/keys/a/", segments: ["keys", "a", ""]),
      Case(raw: "//a", segments: ["", "a"]),
      Case(raw: "/keys/a%2Fb", segments: ["keys", "a%2Fb"]),
      Case(raw: "/keys/%zz", segments: ["keys", "%zz"]),
      Case(raw: "/keys/é{|}", segments: ["keys", "é{|}"]),
      Case(raw: "/a?", segments: ["a"]),
      Case(raw: "/a?b", segments: ["a"], query: ["b", ""]),
      Case(raw: "/a?b=", segments: ["a"], query: ["b", ""]),
      Case(raw: "/a?=b", segments: ["a"], query: ["", "b"]),
      Case(raw: "/a?b=c=d", segments: ["a"], query: ["b", "c=d"]),
      Case(raw: "/a?&b=1&&b=2&", segments: ["a"], query: ["b", "1", "b", "2"]),
      Case(raw: "/a?k%3D=%26&p=a+b", segments: ["a"], query: ["k=", "&", "p", "a+b"]),
      Case(raw: "/a?b/c?d", segments: ["a"], query: ["b/c?d", ""]),
      Case(raw: "http://host:80/keys/a?b=c", segments: ["keys", "a"], query: ["b", "c"]),
      Case(raw: "HTTPS://host", segments: [""]),
      Case(raw: "http://host?b=c", segments: [""], query: ["b", "c"]),
      Case(raw: "*", segments: []),
    ])
  func aTargetIsTakenApart(example: Case) throws {
    let target = try RequestTarget(Array(example.raw.utf8))
    #expect(target.segments.map { String(decoding: $0, as: UTF8.self) } == example.segments)
    let parts = target.query.flatMap { [Array($0.name), $0.value] }
    let query = parts.map { String(decoding: $0, as: UTF8.self) }
    #expect(query == example.query)
  }

  @Test(
    "A malformed target is an error that names the place",
    arguments: [
      ("", "empty"), ("keys/a", "offset 0"), ("host:443", "offset 0"), ("ftp://host/a", "offset 0"),
      ("http:///a", "offset 0"), ("http://", "offset 0"), ("*/a", "offset 0"),
      ("/a b", "byte 32 at offset 2"), ("/a\u{0}", "byte 0 at offset 2"), ("/\u{7F}", "byte 127 at offset 1"),
      ("/a#b", "'#' at offset 2"), ("/a?b=%zz", "offset 5"), ("/a?%4", "offset 3"), ("/a?b=1&%", "offset 7"),
    ])
  func aMalformedTargetIsAnErrorThatNamesThePlace(raw: String, words: String) {
    let error = #expect(throws: RequestTarget.Invalid.self) { try RequestTarget(Array(raw.utf8)) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test(
    "Percent-encoding is decoded exactly once",
    arguments: [
      ("", ""), ("plain", "plain"), ("a%2Fb", "a/b"), ("%61%62", "ab"), ("%2520", "%20"), ("a+b", "a+b"),
      ("%c3%A9", "é"), ("%00", "\u{0}"), ("%0d%0A", "\r\n"), ("%25", "%"),
    ])
  func percentEncodingIsDecodedExactlyOnce(encoded: String, decoded: String) throws {
    #expect(try RequestTarget.percentDecode(Array(encoded.utf8)[...]) == Array(decoded.utf8))
  }

  @Test(
    "Malformed percent-encoding is an error that names the offset",
    arguments: [("%", 0), ("a%4", 1), ("ab%zz", 2), ("%4g", 0), ("%g4", 0), ("%41%", 3), ("%%41", 0)])
  func malformedPercentEncodingIsAnErrorThatNamesTheOffset(encoded: String, offset: Int) throws {
    // The offset counts from the target's first byte, as a slice of it has it.
    let bytes = Array("/keys/\(encoded)".utf8)
    let error = #expect(throws: RequestTarget.Invalid.self) { try RequestTarget.percentDecode(bytes[6...]) }
    #expect(error?.description.contains("offset \(6 + offset) ") == true)
  }
}
