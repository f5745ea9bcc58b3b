// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Testing

@testable import Gateway

@Suite struct ETagTests {
  @Test(
    "a tag holds the whole token",
    arguments: [
      (CASToken(boot: 0xAB, unique: 7), false, "\"00000000000000ab.7\""),
      (CASToken(boot: 0xAB, unique: 7), true, "W/\"00000000000000ab.7\""),
      (CASToken(boot: .max, unique: 0), false, "\"ffffffffffffffff.0\""),
      (CASToken(boot: 0x0123_4567_89AB_CDEF, unique: 10), false, "\"0123456789abcdef.10\""),
      (CASToken(boot: 1, unique: .max), true, "W/\"0000000000000001.18446744073709551615\""),
    ])
  func writing(_ token: CASToken, _ isWeak: Bool, _ text: String) {
    #expect(ETag.text(token, isWeak: isWeak) == text)
    #expect(ETagCondition(fields: [text]) == .tags([ETag(token: token, isWeak: isWeak)]))
  }

  /// W = weak, 7 = the token of unique 7, ? = a tag that is none of ours.
  private static func text(_ condition: ETagCondition?) -> String {
    switch condition {
    case nil: "malformed"
    case .any: "*"
    case .tags(let tags):
      tags.map { ($0.isWeak ? "W" : "") + ($0.token.map { String($0.unique) } ?? "?") }.joined(separator: " ")
    }
  }

  @Test(
    "lists are read as RFC 9110 writes them",
    arguments: [
      (["*"], "*"),
      ([" * "], "*"),
      (["\"00000000000000ab.7\""], "7"),
      (["\"00000000000000ab.7\", W/\"00000000000000ab.8\""], "7 W8"),
      (["\"00000000000000ab.7\"", "\"00000000000000ab.8\""], "7 8"),
      ([",\t, \"00000000000000ab.7\" ,,"], "7"),
      (["\"\""], "?"),
      (["\"a,b\""], "?"),
      (["\"a\\\""], "?"),
      (["\"é\""], "?"),
      (["\"00000000000000ab.7.b\", W/\"00000000000000ab.8.t\""], "7 W8"),
      (["\"00000000000000ab.7.b.b\"", "\"00000000000000ab.7.x\"", "\".b\""], "? ? ?"),
      (["\"00000000000000AB.7\""], "?"),
      (["\"00000000000000ab.07\""], "?"),
      (["\"00000000000000ab.\""], "?"),
      (["\"00000000000000ab.+7\""], "?"),
      (["\"00000000000000ab.18446744073709551616\""], "?"),
      (["\"ab.7\""], "?"),
      (["\"00000000000000ab-7\""], "?"),
      ([""], "malformed"),
      ([","], "malformed"),
      (["00000000000000ab.7"], "malformed"),
      (["\"a"], "malformed"),
      (["\"a b\""], "malformed"),
      (["\"a\" \"b\""], "malformed"),
      (["w/\"a\""], "malformed"),
      (["W/ \"a\""], "malformed"),
      (["*, \"a\""], "malformed"),
      (["\"a\", *"], "malformed"),
      (["**"], "malformed"),
    ])
  func reading(_ fields: [String], _ expected: String) {
    #expect(ETagTests.text(ETagCondition(fields: fields)) == expected)
  }

  @Test("no field is no condition")
  func absent() { #expect(ETagCondition(fields: []) == nil) }

  @Test("a tag cannot ask for a comparison without the boot")
  func anyBoot() {
    let text = ETag.text(CASToken(boot: CASToken.anyBoot, unique: 7), isWeak: false)
    #expect(ETagTests.text(ETagCondition(fields: [text])) == "?")
  }

  // The table of RFC 9110 §8.8.3.2, with a tag of the request on the left.
  @Test(
    "comparison is strong or weak",
    arguments: [
      (ETag(token: CASToken(boot: 1, unique: 1), isWeak: false), true, true),
      (ETag(token: CASToken(boot: 1, unique: 1), isWeak: true), false, true),
      (ETag(token: CASToken(boot: 1, unique: 2), isWeak: false), false, false),
      (ETag(token: CASToken(boot: 2, unique: 1), isWeak: false), false, false),
      (ETag(token: nil, isWeak: false), false, false),
    ])
  func comparison(_ tag: ETag, _ strongly: Bool, _ weakly: Bool) {
    let token = CASToken(boot: 1, unique: 1)
    #expect(tag.matchesStrongly(token) == strongly)
    #expect(tag.matchesWeakly(token, .json) == weakly)
  }

  @Test(
    "each form of an item has a tag of its own, and any of them names the item", arguments: [true, false])
  func forms(_ isWeak: Bool) throws {
    let token = CASToken(boot: 1, unique: .max)
    let fields = Representation.allCases.map { ETag.text(token, isWeak: isWeak, $0) }
    #expect(Set(fields).count == 3)
    for (field, form) in zip(fields, Representation.allCases) {
      let tag = ETag(token: token, isWeak: isWeak, form: form)
      #expect(ETagCondition(fields: [field]) == .tags([tag]))
      #expect(tag.matchesStrongly(token) == !isWeak)
      for other in Representation.allCases { #expect(tag.matchesWeakly(token, other) == (form == other)) }
    }
  }
}
