// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// Random operations on few keys, so that they meet. The same seed gives the same ones.
public struct RandomCommands {
  public var generator: SeededGenerator
  public let keys: [Key]
  /// What items get, in seconds; 0 = never.
  public let ttls: [UInt32]
  private var serial: UInt64 = 0

  /// - Parameter prefix: of the names of its keys.
  public init(
    seed: UInt64, keyCount: Int, ttls: [UInt32], named prefix: String = "key-"
  ) throws(Key.Invalid) {
    generator = SeededGenerator(seed: seed)
    var keys: [Key] = []
    for number in 0..<keyCount { keys.append(try Key("\(prefix)\(number)")) }
    self.keys = keys
    self.ttls = ttls
  }

  public mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

  public mutating func number(in range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }

  public mutating func key() -> Key { keys[number(in: 0..<keys.count)] }

  /// A value that was not there before: a text, or a number far from the others.
  public mutating func value() -> [UInt8] {
    serial += 1
    return Array((chance(40) ? "\(serial * 1_000)" : "v\(serial);").utf8)
  }

  public mutating func exptime() -> Exptime { Exptime(seconds: ttls[number(in: 0..<ttls.count)]) }

  /// Any verb that concerns one key.
  /// - Parameter token: for cas and conditional deletes; nil = none of these.
  public mutating func operation(token: CASToken?) -> Command.Operation {
    switch number(in: 0..<100) {
    case ..<38: return .get(isPeek: chance(10))
    case ..<50: return store(.set)
    case ..<56: return store(.add)
    case ..<61: return store(.replace)
    case ..<65: return store(.append)
    case ..<69: return store(.prepend)
    case ..<76: return token.map { store(.cas($0)) } ?? .get(isPeek: false)
    case ..<82: return .increment(delta: UInt64(number(in: 1..<4)))
    case ..<86: return .decrement(delta: UInt64(number(in: 1..<4)))
    case ..<91: return .touch(exptime: exptime())
    case ..<97: return .delete(ifUnchanged: nil)
    default: return .delete(ifUnchanged: token)
    }
  }

  private mutating func store(_ mode: StoreMode) -> Command.Operation {
    // append and prepend keep what is there: what they are given is ignored.
    .store(mode, value: value(), flags: UInt32(number(in: 0..<3)), exptime: exptime())
  }
}

extension FallbackClient {
  /// Does an operation by the verb that it is.
  public func perform(
    _ key: Key, _ operation: Command.Operation, completion: @escaping AnswerHandler
  ) {
    switch operation {
    case .get(let isPeek): get(key, isPeek: isPeek, completion: completion)
    case .store(let mode, let value, let flags, let exptime):
      switch mode {
      case .set: set(key, value, flags: flags, exptime: exptime, completion: completion)
      case .add: add(key, value, flags: flags, exptime: exptime, completion: completion)
      case .replace: replace(key, value, flags: flags, exptime: exptime, completion: completion)
      case .append: append(key, value, completion: completion)
      case .prepend: prepend(key, value, completion: completion)
      case .cas(let token):
        cas(key, value, token: token, flags: flags, exptime: exptime, completion: completion)
      }
    case .delete(let token): delete(key, ifUnchanged: token, completion: completion)
    case .increment(let delta): incr(key, by: delta, completion: completion)
    case .decrement(let delta): decr(key, by: delta, completion: completion)
    case .touch(let exptime): touch(key, exptime: exptime, completion: completion)
    case .look, .flushAll, .stats, .version: preconditionFailure("no verb of one answer")
    }
  }
}
