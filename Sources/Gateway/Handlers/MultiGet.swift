// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Hop 4 of a request: many keys at once.

import Memcached

/// `GET /keys?key=a&key=b`.
///
/// A key that is given twice is asked for once and answered once, at its first place. The status is 200
/// even when no key could be looked up: each key that could not is in `errors`, none in `missing`.
///
/// There is no tag of many items, and so no condition on them.
enum MultiGet {
  static func get(_ call: Call) throws(Problem) {
    _ = try call.negotiate([.json])
    try call.request.refusePreconditions()
    var asked = try keys(call)
    var refusals: [ItemsBody.Failure] = []
    let stored = try permitted(&asked, &refusals, call)
    let (keys, refused) = (asked, refusals)
    let allowance = ValueAllowance(bytes: call.context.settings.maximumBatchLength)
    let isPeek = call.request.method == .head
    call.context.client.getMany(stored, isPeek: isPeek, allowance: allowance, call.options()) { answers in
      let errors = refused + keys.indices.compactMap { failure(keys[$0], answers[$0], call) }
      let body = ItemsBody(keys: keys, answers: answers, tiers: call.context.tierNames, errors: errors)
      call.respond(.of(.json, call.context.json.items.items(body)))
    }
  }

  private static func keys(_ call: Call) throws(Problem) -> [Key] {
    let given = call.query.values("key")
    let limit = call.context.settings.maximumKeysPerRequest
    if given.isEmpty { throw Problem(.invalidQuery, "no key is asked for: give `?key=`, once or more") }
    if given.count > limit { throw Problem(.invalidQuery, "\(given.count) keys; at most \(limit) a request") }
    var seen = Set<Key>(minimumCapacity: given.count)
    var keys: [Key] = []
    keys.reserveCapacity(given.count)
    for bytes in given {
      let key = try namedKey(bytes)
      if seen.insert(key).inserted { keys.append(key) }
    }
    return keys
  }

  /// Takes out the keys that are none of the caller's, each a failure of its own; what the tiers know the others
  /// by.
  private static func permitted(
    _ keys: inout [Key], _ refusals: inout [ItemsBody.Failure], _ call: Call
  ) throws(Problem) -> [Key] {
    if !call.context.changesKeys, call.caller == nil { return keys }
    var stored: [Key] = []
    stored.reserveCapacity(keys.count)
    var own: [Key] = []
    own.reserveCapacity(keys.count)
    for key in keys {
      do throws(Problem) {
        stored.append(try call.context.storedKey(key, of: call.caller) ?? key)
        own.append(key)
      } catch {
        guard error.type == .keyForbidden else { throw named(key.bytes, error) }
        refusals.append(.init(key, error))
      }
    }
    keys = own
    return stored
  }

  private static func namedKey(_ bytes: [UInt8]) throws(Problem) -> Key {
    do {
      return try checkedKey(bytes)
    } catch {
      throw named(bytes, error)
    }
  }

  private static func named(_ bytes: [UInt8], _ problem: Problem) -> Problem {
    Problem(problem.type, "key `\(String(decoding: bytes, as: UTF8.self))`: \(problem.detail)")
  }

  private static func failure(_ key: Key, _ answer: Answer, _ call: Call) -> ItemsBody.Failure? {
    switch answer.result {
    case .success(.hit), .success(.miss): nil
    case .success(let reply): .init(key, Problem(unexpected: reply, tier: call.tierName(answer)))
    case .failure(let error): .init(key, Problem(error, tier: call.tierName(answer), isWrite: false))
    }
  }
}

extension ItemsBody.Failure {
  fileprivate init(_ key: Key, _ problem: Problem) {
    self.init(
      key: key.description, type: problem.type.uri, status: problem.type.status, title: problem.type.title,
      detail: problem.detail, tier: problem.tier, node: problem.node)
  }
}
