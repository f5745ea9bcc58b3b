// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Gateway

@Suite struct MediaTypeTests {
  @Test(
    "Accept chooses among JSON, bytes and text",
    arguments: [
      ([], "application/json"),
      ([""], "application/json"),
      (["*/*"], "application/json"),
      (["application/json"], "application/json"),
      (["APPLICATION/JSON"], "application/json"),
      (["application/octet-stream"], "application/octet-stream"),
      (["text/plain"], "text/plain"),
      (["text/*"], "text/plain"),
      (["application/*"], "application/json"),
      (["text/plain; charset=utf-8"], "text/plain"),
      (["text/html, */*;q=0.8"], "application/json"),
      (["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], "application/json"),
      (["application/json;q=0.5, text/plain"], "text/plain"),
      (["application/json;q=0.5", "text/plain"], "text/plain"),
      (["application/json ; Q=0.5 , application/octet-stream;q=0.501"], "application/octet-stream"),
      (["text/plain;q=0.3, application/*;q=0.2, */*;q=0.1"], "text/plain"),
      (["*/*, application/json;q=0"], "application/octet-stream"),
      (["application/*, application/json;q=0.1"], "application/octet-stream"),
      (["text/plain;q=1.000, application/json;q=0.999"], "text/plain"),
      (["text/plain;note=\"a,b;q=0\", application/json;q=0.9"], "text/plain"),
      (["nonsense, text/plain"], "text/plain"),
      (["text/plain;q=2, application/json;q=0.1"], "application/json"),
      (["text/plain;q=0.1234, application/json;q=0.1"], "application/json"),
      (["text/plain;q=.5, application/json;q=0.1"], "text/plain"),
      (["text/plain;q=., application/json;q=0.1"], "application/json"),
      (["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"], "application/json"),
      (["*"], "application/json"), (["*;q=0, text/plain"], "text/plain"), (["**"], "none"),
      (["text/plain;format=flowed, text/plain;q=0.2, application/json;q=0.3"], "application/json"),
      (["text/plain;q=0.2, text/plain;format=flowed, application/json;q=0.3"], "application/json"),
      (["application/json;v=1;q=0.1, application/json;q=0.9, text/plain;q=0.5"], "application/json"),
      (["text/plain ; charset=UTF-8 ; q=0.9 ; x=y, */*;q=0.8"], "text/plain"),
      (["text/plain;q=, application/json;q=0.1"], "application/json"),
      (["*/plain, application/json;q=0.1"], "application/json"),
      (["*/*;q=0"], "none"),
      (["application/json;q=0"], "none"),
      (["text/html"], "none"),
      (["image/*"], "none"),
      (["nonsense"], "none"),
    ])
  func accept(_ fields: [String], _ expected: String) {
    let request = HandmadeRequest(.get, "/", fields.map { ("Accept", $0) })
    let form = Representation.negotiate(request, offers: [.json, .octets, .text])
    #expect(form?.rawValue ?? "none" == expected)
  }

  @Test(
    "problems are text only for those who like text better",
    arguments: [
      ([], false), (["*/*"], false), (["application/json"], false), (["text/plain"], true),
      (["text/*"], true),
      (["text/plain, application/json"], false), (["text/plain, */*;q=0.1"], true),
      (["text/plain;q=0.5, application/problem+json"], false), (["application/octet-stream"], false),
      (["image/png"], false),
    ] as [([String], Bool)])
  func problems(_ fields: [String], _ asText: Bool) {
    #expect(Representation.problemAsText(fields) == asText)
  }

  @Test(
    "Content-Type is read with its parameters",
    arguments: [
      ("application/json", "json"), ("Application/JSON", "json"), ("application/json; charset=utf-8", "json"),
      ("application/json;charset=\"UTF-8\"", "json"), ("application/json;", "json"),
      ("application/json; charset=iso-8859-1", "json, unreadable"), ("application/jsonp", "other"),
      ("application/merge-patch+json", "other"), ("text/json", "other"), ("text/plain", "other"),
      ("application/x-www-form-urlencoded", "other"), ("", "malformed"), ("json", "malformed"),
      ("application/", "malformed"), ("a/b/c", "malformed"), ("application json", "malformed"),
    ])
  func contentType(_ field: String, _ expected: String) {
    let type = MediaType(field)
    let text = type.map { ($0.isJSON ? "json" : "other") + ($0.isReadable ? "" : ", unreadable") }
    #expect(text ?? "malformed" == expected)
  }

  @Test(
    "Prefer is read, and broken preferences are passed over",
    arguments: [
      ([], false), (["respond-async"], true), (["Respond-Async"], true),
      (["return=minimal, respond-async"], true),
      (["return=minimal", "respond-async"], true), (["respond-async; wait=10"], true),
      (["respond-async="], true),
      (["respond-async=\"\""], true), (["respond-async=no"], false), (["respond-asynchronously"], false),
      (["note=\", respond-async\""], false), ([";respond-async"], true), ([",,"], false),
      (["wait=10"], false),
    ] as [([String], Bool)])
  func prefer(_ fields: [String], _ respondAsync: Bool) {
    #expect(Preferences(fields).respondAsync == respondAsync)
    #expect(!Preferences(fields).promote)
  }

  @Test(
    "each preference is its own",
    arguments: [
      (["promote"], true, false), (["Promote, respond-async"], true, true), (["promote=1"], false, false),
      (["promote=\"\"", "respond-async"], true, true), (["promoted"], false, false),
    ] as [([String], Bool, Bool)])
  func preferPromotion(_ fields: [String], _ promote: Bool, _ respondAsync: Bool) {
    #expect(Preferences(fields).promote == promote)
    #expect(Preferences(fields).respondAsync == respondAsync)
  }

  @Test(
    "Prefer: wait is whole seconds up to the limit, the first of several counts, and a broken one is passed over",
    arguments: [
      (["wait=5"], 5), (["Wait = 5 ; x=1"], 5), (["respond-async, wait=10"], 10), (["wait=007"], 7),
      (["wait=30"], 30), (["wait=31"], 30), (["wait=99999999999999999999999"], 30), (["wait=0"], nil),
      (["wait"], nil), (["wait="], nil), (["wait=\"5\""], nil), (["wait=-5"], nil), (["wait=+5"], nil),
      (["wait=1.5"], nil), (["wait=5s"], nil), (["wait=0x5"], nil), (["wait=٥"], nil), (["waits=5"], nil),
      (["wait=5, wait=6"], 5), (["wait=5", "wait=6"], 5), (["wait=x, wait=6"], nil), ([], nil),
    ] as [([String], Int?)])
  func wait(_ fields: [String], _ seconds: Int?) {
    #expect(Preferences(fields).waitSeconds == seconds)
  }
}
