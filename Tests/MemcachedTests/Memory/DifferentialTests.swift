// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Testing

@testable import Memcached

/// The memory store beside a real memcached: the same random commands, and no difference.
@Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
struct DifferentialTests {
  @Test("thousands of random commands are answered alike", arguments: [1, 2, 3] as [UInt64])
  func thousandsOfRandomCommandsAreAnsweredAlike(seed: UInt64) throws {
    let server = try MemcachedServer(arguments: NodeConformance.serverArguments)
    let real = ClassicText(try RawConnection(to: server.address))
    let store = MemoryStore(capacity: 64 << 20)
    var script = RandomScript(seed: seed)
    for number in 0..<4_000 {
      let (key, operation) = script.next()
      let name = String(decoding: key.bytes, as: UTF8.self)
      let expected = try real.perform(operation, key: name)
      let got = ClassicText.text(of: store.perform(Command(key, operation)), to: operation)
      try #require(got == expected, "command \(number) of seed \(seed): \(operation) of \(name)")
      let item = try real.gets(name)
      let own = store.item(name).map { ClassicText.asClassic($0) }
      try #require(own == item, "after command \(number) of seed \(seed): \(operation) of \(name)")
      script.note(item, of: key, boot: store.boot)
    }
    try expectSameCounts(try real.statistics(), try store.statistics())
  }

  private func expectSameCounts(_ real: [String: String], _ own: [String: String]) throws {
    for name in [
      "cmd_get", "cmd_set", "cmd_flush", "cmd_touch", "get_hits", "get_misses", "delete_misses",
      "delete_hits", "incr_misses", "incr_hits", "decr_misses", "decr_hits", "cas_misses", "cas_hits",
      "cas_badval", "touch_hits", "touch_misses", "curr_items", "total_items", "evictions",
    ] { #expect(own[name] == real[name], "\(name)") }
  }
}

/// Random commands over few keys, so that they meet.
private struct RandomScript {
  private var random: SeededGenerator
  private var tokens: [Key: CASToken] = [:]
  private let keys: [Key]
  private var unsafe: Key?
  /// Numbers and what is nearly a number. None is white space alone: there memcached reads on behind the
  /// value, into whatever the memory held before.
  private static let values = [
    "0", "1", "9", "10", "99", "100", "00100", "5 ", "5  x", " 7", "+3", "x", "", "12x", "1.5",
    "-0", "-1", "18446744073709551615", "18446744073709551616", "9223372036854775807", "1844674407370955161",
    "a\r\nb", "\0", "4\05", "long text that is no number at all", "9999999999999999999",
  ]

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    // The keys are good ones.
    keys = (0..<6).map { try! Key("key.\($0)") }
  }

  mutating func note(_ item: Item?, of key: Key, boot: UInt64) {
    // Not always the newest, so that a cas meets all its answers.
    if let token = item?.cas, Bool.random(using: &random) {
      tokens[key] = CASToken(boot: boot, unique: token.unique)
    }
    // Behind a number above 2^63 memcached looks for a minus, past the value's end: to count on from
    // there is a game of chance, and the next command stores something else.
    let number = item.flatMap { CounterText.number($0.value) } ?? 0
    unsafe = number > UInt64(Int64.max) ? key : nil
  }

  mutating func next() -> (Key, Command.Operation) {
    if let unsafe { return (unsafe, store(.set)) }
    let key = keys.randomElement(using: &random)!
    return (key, operation(key))
  }

  private mutating func operation(_ key: Key) -> Command.Operation {
    let deltas: [UInt64] = [0, 1, 2, 10, 95, 1_000, .max, .max - 1, 1 << 63]
    let delta = deltas.randomElement(using: &random)!
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<8: return .get
    case 8..<22: return store(.set)
    case 22..<28: return store(.add)
    case 28..<34: return store(.replace)
    case 34..<40: return store(.append)
    case 40..<45: return store(.prepend)
    case 45..<55: return tokens[key].map { store(.cas($0)) } ?? .get
    case 55..<62: return .delete(ifUnchanged: nil)
    case 62..<78: return .increment(delta: delta)
    case 78..<94: return .decrement(delta: delta)
    default: return .touch(exptime: Exptime(seconds: Bool.random(using: &random) ? 0 : 1_000))
    }
  }

  private mutating func store(_ mode: StoreMode) -> Command.Operation {
    let value = Self.values.randomElement(using: &random)!
    let flags = [0, 1, 77, UInt32.max].randomElement(using: &random)!
    let ttl: UInt32 = Bool.random(using: &random) ? 0 : 5_000
    return .put(mode, value, flags: flags, ttl: ttl)
  }
}

/// The classic text protocol, spelled out here so that the comparison leans on no other code.
private struct ClassicText {
  private let connection: RawConnection

  init(_ connection: RawConnection) { self.connection = connection }

  func perform(_ operation: Command.Operation, key: String) throws -> String {
    switch operation {
    case .store(let mode, let value, let flags, let exptime):
      let (verb, token) = Self.verb(mode)
      let line = "\(verb) \(key) \(flags) \(exptime.seconds) \(value.count)\(token)\r\n"
      try connection.send(Array(line.utf8) + value + [13, 10])
      return try connection.readLine()
    case .get: return try gets(key) == nil ? "END" : "VALUE"
    case .delete: return try answer("delete \(key)")
    case .increment(let delta): return try answer("incr \(key) \(delta)")
    case .decrement(let delta): return try answer("decr \(key) \(delta)")
    case .touch(let exptime): return try answer("touch \(key) \(exptime.seconds)")
    case .look, .flushAll, .stats, .version: preconditionFailure("not in the script")
    }
  }

  private static func verb(_ mode: StoreMode) -> (String, String) {
    switch mode {
    case .set: ("set", "")
    case .add: ("add", "")
    case .replace: ("replace", "")
    case .append: ("append", "")
    case .prepend: ("prepend", "")
    case .cas(let token): ("cas", " \(token.unique)")
    }
  }

  private func answer(_ line: String) throws -> String {
    try connection.send(line + "\r\n")
    return try connection.readLine()
  }

  func gets(_ key: String) throws -> Item? {
    let header = try answer("gets \(key)").split(separator: " ")
    if header == ["END"] { return nil }
    guard header.count == 5, let flags = UInt32(header[2]), let count = Int(header[3]),
      let unique = UInt64(header[4])
    else { throw MemcachedError(.protocolViolation, "\(header)") }
    let value = try connection.read(count: count)
    _ = try connection.read(until: "END\r\n")
    return Item(value: value, flags: flags, cas: CASToken(boot: 0, unique: unique))
  }

  func statistics() throws -> [String: String] {
    try connection.send("stats\r\n")
    let lines = String(decoding: try connection.read(until: "END\r\n"), as: UTF8.self)
    return Dictionary(
      lines.split(separator: "\r\n").compactMap { line in
        let words = line.split(separator: " ", maxSplits: 2)
        return words.count == 3 ? (String(words[1]), String(words[2])) : nil
      }
    ) { first, _ in first }
  }

  /// An item without what the classic protocol does not tell.
  static func asClassic(_ item: Item) -> Item {
    let cas = item.cas.map { CASToken(boot: 0, unique: $0.unique) }
    return Item(value: item.value, flags: item.flags, cas: cas)
  }

  /// A reply in the words of the classic protocol.
  static func text(of result: Result<Reply, MemcachedError>, to operation: Command.Operation) -> String {
    switch result {
    case .success(.hit): "VALUE"
    case .success(.miss): operation == .get ? "END" : "NOT_FOUND"
    case .success(.stored): "STORED"
    case .success(.notStored): "NOT_STORED"
    case .success(.exists): "EXISTS"
    case .success(.deleted): "DELETED"
    case .success(.touched): "TOUCHED"
    case .success(.counter(let number, _)): "\(number)"
    case .success(.notNumeric): "CLIENT_ERROR cannot increment or decrement non-numeric value"
    default: "\(result)"
    }
  }
}
