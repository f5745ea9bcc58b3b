// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting

/// What the clients do, and what comes of it.
extension HTTPWorld {
  // MARK: One key

  func beginAny(_ client: Int) throws {
    let key = random.key()
    // Which token it is the tag says; here it only matters that there is one.
    let token = known[key].map { _ in CASToken(boot: 1, unique: 1) }
    var operation = random.operation(token: token)
    // What overlaps is judged together, in all its orders: not more than can be counted.
    if model.overlapCount(of: key) >= 4 { operation = .get(isPeek: false) }
    try begin(client, key, operation)
  }

  func begin(_ client: Int, _ key: Key, _ operation: Command.Operation) throws {
    let known = known[key]
    let request = HTTPOperation(key, operation, known: known, &random)
    if case .get = operation {
      clients[client].underWay = .read(model.beginRead(key), request)
    } else {
      clients[client].underWay = .write(
        model.beginWrite(key, operation, isFresh: isFresh(known, key)), request)
    }
    if request.headers.contains(where: { $0.hasPrefix("If-") }) { counts.conditional += 1 }
    note(began: client, "\(request)")
    try clients[client].http.begin(
      request.method, request.target, headers: request.headers, body: request.body)
  }

  // Whether a tag fits; nil where it may or not: a write that overlaps, or whose outcome nobody knows, may
  // have changed the item.
  private func isFresh(_ known: KnownItem?, _ key: Key) -> Bool? {
    guard let known else { return nil }
    if known.isWeak { return false }
    if conditions.overlaps { return nil }
    if known.changes != model.changes(of: key) { return false }
    return conditions.trouble == .none ? true : nil
  }

  private func note(began client: Int, _ text: String) {
    clients[client].began = time
    counts.operations += 1
    history.append("\(client) \(text)")
  }

  func end(_ client: Int) throws {
    guard let underWay = clients[client].underWay else { preconditionFailure("nothing is under way") }
    clients[client].underWay = nil
    time += 1
    switch underWay {
    case .many(let reads): try endMany(client, reads)
    case .read(let id, let request):
      let (result, response) = try receive(client, request)
      note(request.isLook ? endLook(id, result) : model.endRead(id, result))
      guard case .success(.hit(let item)) = result, !request.isLook else { return }
      if response.status == 304 { counts.notModified += 1 }
      remember(request.key, response, item)
    case .write(let id, let request):
      let (result, response) = try receive(client, request)
      note(model.endWrite(id, request.key, result))
      if case .success = result { remember(request.key, response, nil) }
    }
  }

  // A look shows no item, only that there is one.
  private func endLook(_ id: Int, _ result: Result<Reply, MemcachedError>) -> String? {
    guard case .success(let reply) = result else { return model.endRead(id, result) }
    return model.endLook(id, isThere: reply != .miss)
  }

  private func receive(
    _ client: Int, _ request: HTTPOperation
  ) throws -> (Result<Reply, MemcachedError>, RawResponse) {
    let response = try clients[client].http.receive(isHead: request.isLook)
    let cacheStatus = response.header("Cache-Status") ?? ""
    history.append("\(client) ◄ \(response.status) \(cacheStatus) \(response.text)")
    let (result, tier) = try request.reply(response)
    if case .success(.hit) = result, tier > 0 { counts.older += 1 }
    note(try verdict(request.key, result, tier: tier, since: clients[client].began, request))
    return (result, response)
  }

  private func remember(_ key: Key, _ response: RawResponse, _ item: Item?) {
    guard let eTag = response.header("ETag") else { return }
    known[key] = KnownItem(eTag: eTag, item: item, changes: model.changes(of: key))
  }

  // MARK: Many keys

  func beginMany(_ client: Int) throws {
    let keys = random.keys.shuffled(using: &random.generator)
    try begin(client, many: Array(keys.prefix(random.number(in: 1..<keys.count))))
  }

  func begin(_ client: Int, many keys: [Key]) throws {
    clients[client].underWay = .many(keys.map { (model.beginRead($0), $0) })
    note(began: client, "GET \(keys)")
    try clients[client].http.begin("GET", "/keys?" + keys.map { "key=\($0)" }.joined(separator: "&"))
  }

  private func endMany(_ client: Int, _ reads: [(id: Int, key: Key)]) throws {
    let response = try clients[client].http.receive()
    history.append("\(client) ◄ \(response.status) \(response.text)")
    let answer = try JSONDecoder().decode(ItemsAnswer.self, from: Data(response.body))
    let found = Dictionary(uniqueKeysWithValues: answer.items.map { ($0.key, $0) })
    let failed = Set(answer.errors.map(\.key))
    let asked = reads.map(\.key.description)
    for (id, key) in reads {
      let name = key.description
      let result: Result<Reply, MemcachedError>
      if let item = found[name] {
        result = .success(.hit(item.item))
      } else if failed.contains(name) {
        result = .failure(MemcachedError(.down, "in a multi-get"))
      } else {
        result = .success(.miss)
      }
      let tier = found[name]?.tier == "old" ? 1 : 0
      note(model.endRead(id, result))
      note(try verdict(key, result, tier: tier, since: clients[client].began, nil))
    }
    let lists = [answer.items.map(\.key), answer.missing, answer.errors.map(\.key)]
    let inOrder = lists.map { list in asked.filter { list.contains($0) } }
    if lists != inOrder || lists.joined().count != asked.count { note("\(asked) came as \(lists)") }
  }
}

extension ItemAnswer {
  var item: Item {
    Item(value: Array(value.utf8), flags: flags, ttl: ttl.map { .seconds($0) } ?? .never)
  }
}
