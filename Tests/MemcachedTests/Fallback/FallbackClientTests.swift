// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// A node that remembers what it was asked and answers from a table, at once.
private final class TableNode: Node {
  let name: String
  var items: [Key: Item] = [:]
  var failure: MemcachedError?
  private(set) var asked: [Command] = []
  private(set) var isClosed = false

  init(_ name: String, _ items: [String: String] = [:], failing: MemcachedError.Kind? = nil) {
    self.name = name
    for (key, value) in items { self.items[try! Key(key)] = Item(value: Array(value.utf8)) }
    failure = failing.map { MemcachedError($0, "scripted", node: name) }
  }

  var status: NodeStatus { NodeStatus(state: .up) }

  func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    asked.append(command)
    if let failure { return completion(.failure(failure)) }
    guard let key = command.key else { return completion(.success(.version(name))) }
    switch command.operation {
    case .get: completion(.success(items[key].map(Reply.hit) ?? .miss))
    case .store(_, let value, _, _):
      items[key] = Item(value: value)
      completion(.success(.stored(nil)))
    case .delete: completion(.success(items.removeValue(forKey: key) == nil ? .miss : .deleted))
    default: completion(.success(items[key] == nil ? .miss : .touched))
    }
  }

  func close() { isClosed = true }
}

@Suite struct FallbackClientTests {
  private static func client(_ nodes: [TableNode], _ policy: FallbackPolicy = .strict) throws
    -> FallbackClient
  {
    FallbackClient(
      tiers: nodes.map { Tier(name: $0.name, cluster: Cluster(nodes: [$0])) }, policy: policy,
      loop: try EventLoop())
  }

  /// A short form of an answer: `hit v 1 [0 miss]` = value v from tier 1 after a miss in tier 0.
  private static func text(_ answer: Answer?) -> String {
    guard let answer else { return "no answer" }
    let others = answer.others.map { visit in
      switch visit.outcome {
      case .hit: "\(visit.tier) hit"
      case .miss: "\(visit.tier) miss"
      case .error(let error): "\(visit.tier) \(error.word)"
      }
    }
    let result =
      switch answer.result {
      case .success(.hit(let item)): "hit \(String(decoding: item.value, as: UTF8.self))"
      case .success(let reply): "\(reply)"
      case .failure(let error): error.word
      }
    return "\(result) \(answer.tier)" + (others.isEmpty ? "" : " \(others)")
  }

  private static func get(_ nodes: [TableNode], _ policy: FallbackPolicy = .strict, _ key: String = "k")
    throws -> String
  {
    var answer: Answer?
    try client(nodes, policy).get(Key(key)) { answer = $0 }
    return text(answer)
  }

  @Test("a hit in the primary asks nobody else", arguments: FallbackPolicy.allCases)
  func primaryHit(_ policy: FallbackPolicy) throws {
    let old = TableNode("old", ["k": "o"])
    #expect(try FallbackClientTests.get([TableNode("new", ["k": "n"]), old], policy) == "hit n 0")
    #expect(old.asked.isEmpty)
  }

  @Test(
    "a miss goes on to the older tiers, newest first; the first hit wins", arguments: FallbackPolicy.allCases)
  func fallback(_ policy: FallbackPolicy) throws {
    let nodes = [
      TableNode("new"), TableNode("old"), TableNode("older", ["k": "3"]), TableNode("oldest", ["k": "4"]),
    ]
    #expect(try FallbackClientTests.get(nodes, policy) == #"hit 3 2 ["0 miss", "1 miss"]"#)
    #expect(nodes[3].asked.isEmpty)
  }

  @Test("a miss everywhere is a miss", arguments: FallbackPolicy.allCases)
  func missEverywhere(_ policy: FallbackPolicy) throws {
    #expect(try FallbackClientTests.get([TableNode("new")], policy) == "miss 0")
    #expect(
      try FallbackClientTests.get([TableNode("new"), TableNode("old")], policy) == #"miss 0 ["1 miss"]"#)
  }

  @Test("strict: an empty value is a hit, not a miss")
  func emptyValue() throws {
    #expect(
      try FallbackClientTests.get([TableNode("new", ["k": ""]), TableNode("old", ["k": "o"])]) == "hit  0")
  }

  @Test("strict: an older tier that fails never fails a read")
  func olderTierFails() throws {
    let nodes = [TableNode("new"), TableNode("old", failing: .down), TableNode("older", ["k": "v"])]
    #expect(try FallbackClientTests.get(nodes) == #"hit v 2 ["0 miss", "1 down"]"#)
    nodes[0].items = [:]
    #expect(try FallbackClientTests.get(Array(nodes.prefix(2))) == #"miss 0 ["1 down"]"#)
  }

  @Test("strict: the primary fails and an older tier hits: that hit; none hits: the primary's error, no miss")
  func primaryFails() throws {
    let primary = TableNode("new", failing: .timedOut)
    #expect(
      try FallbackClientTests.get([primary, TableNode("old", ["k": "v"])]) == #"hit v 1 ["0 timeout"]"#)
    #expect(try FallbackClientTests.get([primary, TableNode("old")]) == #"timeout 0 ["1 miss"]"#)
    #expect(try FallbackClientTests.get([primary]) == "timeout 0")
  }

  @Test("pymemcache: an error of a tier is the answer")
  func pymemcacheErrors() throws {
    let old = TableNode("old", ["k": "v"])
    #expect(try FallbackClientTests.get([TableNode("new", failing: .down), old], .pymemcache) == "down 0")
    #expect(old.asked.isEmpty)
    let nodes = [TableNode("new"), TableNode("old", failing: .down)]
    #expect(try FallbackClientTests.get(nodes, .pymemcache) == #"down 1 ["0 miss"]"#)
  }

  private static func many(_ nodes: [TableNode], _ policy: FallbackPolicy, _ keys: [String]) throws
    -> [String]
  {
    var answers: [Answer] = []
    try client(nodes, policy).getMany(keys.map { try Key($0) }) { answers = $0 }
    return answers.map(text)
  }

  @Test("strict: each key of a multi-get falls back for itself, in the caller's order")
  func multiGetStrict() throws {
    let old = TableNode("old", ["b": "2", "a": "old"])
    let new = TableNode("new", ["a": "1"])
    let answers = try FallbackClientTests.many([new, old], .strict, ["b", "a", "c"])
    #expect(answers == [#"hit 2 1 ["0 miss"]"#, "hit 1 0", #"miss 0 ["1 miss"]"#])
    #expect(old.asked.compactMap(\.key).map(\.description) == ["b", "c"])
    #expect(try FallbackClientTests.many([new, old], .strict, []).isEmpty)
  }

  @Test("pymemcache: a multi-get falls back only when all keys missed")
  func multiGetPymemcache() throws {
    let nodes = [TableNode("new", ["a": "1"]), TableNode("old", ["b": "2"])]
    #expect(try FallbackClientTests.many(nodes, .pymemcache, ["a", "b"]) == ["hit 1 0", "miss 0"])
    #expect(nodes[1].asked.isEmpty)
    #expect(try FallbackClientTests.many(nodes, .pymemcache, ["b", "c"]) == ["hit 2 1", "miss 1"])
  }

  @Test("pymemcache: gets answers from the primary only, strict falls back")
  func gets() throws {
    var answer: Answer?
    let nodes = [TableNode("new"), TableNode("old", ["k": "v"])]
    try FallbackClientTests.client(nodes, .pymemcache).gets(Key("k")) { answer = $0 }
    #expect(FallbackClientTests.text(answer) == "miss 0")
    try FallbackClientTests.client(nodes, .strict).gets(Key("k")) { answer = $0 }
    #expect(FallbackClientTests.text(answer) == #"hit v 1 ["0 miss"]"#)
  }

  @Test("stats and version ask every node of every tier, and one that fails spoils only its own answer")
  func wholeServers() throws {
    let client = try FallbackClientTests.client([TableNode("new", failing: .down), TableNode("old")])
    var answers: [TierAnswers] = []
    client.version { answers = $0 }
    #expect(answers.map(\.tier) == ["new", "old"])
    #expect(answers[1].nodes.map(\.result) == [.success(.version("old"))])
    #expect(throws: MemcachedError.self) { try answers[0].nodes[0].result.get() }
  }

  @Test("flush_all empties the tiers that are named, else the primary")
  func flushAll() throws {
    let nodes = [TableNode("new"), TableNode("old"), TableNode("older")]
    let client = try FallbackClientTests.client(nodes)
    client.flushAll { _ in }
    #expect(nodes.map { $0.asked.count } == [1, 0, 0])
    client.flushAll(tiers: ["old", "older"]) { _ in }
    #expect(nodes.map { $0.asked.count } == [1, 1, 1])
  }

  @Test("close and quit end every node")
  func close() throws {
    let nodes = [TableNode("new"), TableNode("old")]
    try FallbackClientTests.client(nodes).quit()
    #expect(nodes.map(\.isClosed) == [true, true])
  }
}
