// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Testing

@testable import Gateway

@Suite struct CacheStatusTests {
  private static func hit(_ ttl: TimeToLive) -> Result<Reply, MemcachedError> {
    .success(.hit(Item(value: [], ttl: ttl)))
  }

  private static let miss = Result<Reply, MemcachedError>.success(.miss)
  private static let late = MemcachedError(.timedOut, "late")
  private static let down = MemcachedError(.down, "refused")

  @Test(
    "one member a tier, the oldest first",
    arguments: [
      (Answer(hit(.seconds(51))), "new; hit; ttl=51"),
      (Answer(hit(.seconds(0))), "new; hit; ttl=0"),
      (Answer(hit(.never)), "new; hit"),
      (Answer(hit(.unknown)), "new; hit"),
      (Answer(miss), "new; fwd=uri-miss"),
      (Answer(.failure(down)), "new; fwd=bypass; detail=down"),
      (
        Answer(hit(.seconds(283)), tier: 1, others: [Visit(tier: 0, outcome: .miss)]),
        "old; hit; ttl=283, new; fwd=uri-miss"
      ),
      (
        Answer(hit(.never), tier: 1, others: [Visit(tier: 0, outcome: .error(late))]),
        "old; hit, new; fwd=bypass; detail=timeout"
      ),
      (
        Answer(miss, others: [Visit(tier: 1, outcome: .miss)]),
        "old; fwd=uri-miss, new; fwd=uri-miss"
      ),
      (
        Answer(miss, others: [Visit(tier: 1, outcome: .error(down)), Visit(tier: 2, outcome: .miss)]),
        "older; fwd=uri-miss, old; fwd=bypass; detail=down, new; fwd=uri-miss"
      ),
      (
        Answer(.failure(late), others: [Visit(tier: 1, outcome: .miss)]),
        "old; fwd=uri-miss, new; fwd=bypass; detail=timeout"
      ),
    ])
  func members(_ answer: Answer, _ expected: String) {
    var fields = FieldBlock()
    CacheStatus(tierNames: ["new", "old", "older"]).append(answer, to: &fields)
    #expect(fields.fields.map(\.name) == ["Cache-Status"])
    #expect(fields.fields.map(\.value) == [expected])
  }

  @Test(
    "a tier's name is a token where it is one, else a string",
    arguments: [
      ("new", "new"), ("New-2_a.b", "New-2_a.b"), ("a:b/c", "a:b/c"), ("*", "*"), ("2024", "\"2024\""),
      ("-a", "\"-a\""), ("a b", "\"a b\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("née", "\"n%C3%A9e\""),
      ("", "\"\""), ("a;b", "\"a;b\""), ("a\r\nb", "\"a%0D%0Ab\""),
    ])
  func names(_ name: String, _ expected: String) {
    #expect(CacheStatus.item(name) == expected)
  }
}
