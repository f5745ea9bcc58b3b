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
    #expect(CacheStatusTests.field { CacheStatusTests.status.append(answer, to: &$0) } == expected)
  }

  /// The field that was written; nil if none was.
  private static func field(_ write: (inout FieldBlock) -> Void) -> String? {
    var fields = FieldBlock()
    write(&fields)
    #expect(fields.fields.allSatisfy { $0.name == "Cache-Status" } && fields.fields.count < 2)
    return fields.fields.first?.value
  }

  private static func owed(_ answer: Answer) -> String? {
    field { status.appendOwed(answer, to: &$0) }
  }

  private static let status = CacheStatus(
    tierNames: ["new", "old", "older"], assumedTTL: Exptime(seconds: 300))

  private static func older(
    _ ttl: TimeToLive, _ copying: Answer.Copying, others: [Visit] = [Visit(tier: 0, outcome: .miss)]
  ) -> Answer {
    var answer = Answer(hit(ttl), tier: 1, others: others)
    answer.copying = copying
    return answer
  }

  private static func promoted(_ ttl: TimeToLive, from visits: [Visit]) -> Answer {
    var answer = Answer(hit(ttl), others: visits)
    answer.copying = .promoted(ttl)
    return answer
  }

  @Test(
    "what is known of a copy is said of the tier that it concerns",
    arguments: [
      (
        older(.unknown, .assumedTTL),
        "old; hit; detail=\"ttl unknown, copied with 300 s\", new; fwd=uri-miss"
      ),
      (older(.unknown, .none), "old; hit, new; fwd=uri-miss"),
      (
        promoted(.seconds(283), from: [Visit(tier: 1, outcome: .hit)]),
        "old; hit; ttl=283, new; fwd=uri-miss; stored"
      ),
      (
        promoted(.never, from: [Visit(tier: 1, outcome: .error(down)), Visit(tier: 2, outcome: .hit)]),
        "older; hit, old; fwd=bypass; detail=down, new; fwd=uri-miss; stored"
      ),
      (
        promoted(.unknown, from: [Visit(tier: 1, outcome: .hit)]),
        "old; hit; detail=\"ttl unknown, copied with 300 s\", new; fwd=uri-miss; stored"
      ),
      (older(.seconds(9), .failed("too-large")), "old; hit; ttl=9, new; fwd=uri-miss; detail=too-large"),
    ])
  func copies(_ answer: Answer, _ expected: String) {
    #expect(CacheStatusTests.field { CacheStatusTests.status.append(answer, to: &$0) } == expected)
  }

  @Test("a write names the tiers whose copies are owed, and is silent when none is")
  func owed() {
    let done = [Visit(tier: 2, outcome: .miss), Visit(tier: 1, outcome: .hit)]
    let failed = [Visit(tier: 1, outcome: .error(CacheStatusTests.down))]
    let stored = Result<Reply, MemcachedError>.success(.stored(nil))
    #expect(CacheStatusTests.owed(Answer(stored)) == nil)
    #expect(CacheStatusTests.owed(Answer(stored, others: done)) == nil)
    #expect(CacheStatusTests.owed(Answer(stored, others: failed)) == "old; detail=owed")
    let both = failed + [Visit(tier: 2, outcome: .error(CacheStatusTests.late))]
    #expect(
      CacheStatusTests.owed(Answer(stored, others: both)) == "older; detail=owed, old; detail=owed")
  }

  @Test(
    "a tier's name is a token where it is one, else a string",
    arguments: [
      ("new", "new"), ("New-2_a.b", "New-2_a.b"), ("a:b/c", "a:b/c"), ("*", "*"), ("2024", "\"2024\""),
      ("-a", "\"-a\""), ("a b", "\"a b\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("née", "\"n%C3%A9e\""),
      ("", "\"\""), ("a;b", "\"a;b\""), ("a\r\nb", "\"a%0D%0Ab\""),
    ])
  func names(_ name: String, _ expected: String) {
    #expect(StructuredField.item(name) == expected)
  }
}
