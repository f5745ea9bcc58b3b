// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Reactor

/// A node whose server is a dictionary: memcached's semantics without a wire, and failures on demand.
final class DictionaryNode: Node {
  struct Stored {
    var value: [UInt8]
    var flags: UInt32
    var exptime: Exptime
    var unique: UInt64
  }

  let name: String
  let boot: UInt64
  var items: [Key: Stored] = [:]
  /// What every command fails with from now on.
  var failure: MemcachedError?
  /// Takes commands and answers none, as a server that was stopped.
  var isSilent = false
  /// Keeps its answers back until `release`, as a server that is far away.
  var isHolding = false
  /// Answers in the dictionary's place when it returns something.
  var script: (Command) -> Result<Reply, MemcachedError>? = { _ in nil }
  var status = NodeStatus(state: .up, wireProtocol: .meta, version: "1.6.18")
  /// Whether hits carry their token, as every protocol but a bare `get` has it.
  var tellsToken = true
  /// Whether hits carry their ttl, as they do in the meta protocol.
  var tellsTTL = true
  private(set) var commands: [Command] = []
  /// Until when, in the order of `commands`.
  private(set) var deadlines: [Instant] = []
  private var held: [() -> Void] = []
  private var lastUnique: UInt64 = 0

  init(_ name: String, boot: UInt64) {
    self.name = name
    self.boot = boot
  }

  func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    commands.append(command)
    deadlines.append(deadline)
    // Who does not wait for the server is answered when the command is queued.
    if isSilent { return command.noreply ? completion(.success(.accepted)) : () }
    let result = result(command)
    if isHolding { held.append { completion(result) } } else { completion(result) }
  }

  /// Gives the answers that were kept back, the last one first.
  func release() {
    let answers = held.reversed()
    held = []
    for answer in answers { answer() }
  }

  func close() { status.state = .closed }

  /// Puts an item there behind the gateway's back.
  @discardableResult
  func put(_ key: String, _ value: [UInt8], flags: UInt32 = 0, ttl: UInt32 = 0) -> CASToken {
    lastUnique += 1
    items[try! Key(key)] = Stored(
      value: value, flags: flags, exptime: Exptime(seconds: ttl), unique: lastUnique)
    return CASToken(boot: boot, unique: lastUnique)
  }

  @discardableResult
  func put(_ key: String, _ value: String, flags: UInt32 = 0, ttl: UInt32 = 0) -> CASToken {
    put(key, Array(value.utf8), flags: flags, ttl: ttl)
  }

  func text(_ key: String) -> String? {
    items[try! Key(key)].map { String(decoding: $0.value, as: UTF8.self) }
  }

  private func result(_ command: Command) -> Result<Reply, MemcachedError> {
    if var failure {
      failure.node = name
      return .failure(failure)
    }
    if let scripted = script(command) { return scripted }
    let reply = command.key.map { self.reply($0, command.operation) } ?? self.reply(command.operation)
    return .success(command.noreply ? .accepted : reply)
  }

  private func reply(_ operation: Command.Operation) -> Reply {
    switch operation {
    case .flushAll:
      items = [:]
      return .flushed
    case .stats: return .stats([Statistic(name: "curr_items", value: String(items.count))])
    default: return .version("1.6.18")
    }
  }

  private func reply(_ key: Key, _ operation: Command.Operation) -> Reply {
    let present = items[key]
    switch operation {
    case .get: return present.map { .hit(item($0)) } ?? .miss
    case .look:
      return present.map { .seen(Sighting(item: item($0), isFetched: true, secondsSinceAccess: 4)) } ?? .miss
    case .store(let mode, let value, let flags, let exptime):
      return store(key, mode, Stored(value: value, flags: flags, exptime: exptime, unique: 0))
    case .delete(let token):
      guard let present else { return .miss }
      if let token, token != CASToken(boot: boot, unique: present.unique) { return .exists }
      items[key] = nil
      return .deleted
    case .increment(let delta): return count(key) { $0 &+ delta }
    case .decrement(let delta): return count(key) { $0 > delta ? $0 - delta : 0 }
    case .touch(let exptime):
      items[key]?.exptime = exptime
      return present == nil ? .miss : .touched
    case .flushAll, .stats, .version: return reply(operation)
    }
  }

  private func item(_ stored: Stored) -> Item {
    let seconds = Int64(stored.exptime.seconds)
    let ttl: TimeToLive = !tellsTTL ? .unknown : seconds == 0 ? .never : .seconds(seconds)
    return Item(
      value: stored.value, flags: stored.flags, ttl: ttl,
      cas: tellsToken ? CASToken(boot: boot, unique: stored.unique) : nil)
  }

  private func store(_ key: Key, _ mode: StoreMode, _ new: Stored) -> Reply {
    let present = items[key]
    var new = new
    switch mode {
    case .set: break
    case .add: if present != nil { return .notStored }
    case .replace: if present == nil { return .notStored }
    case .append, .prepend:
      guard var joined = present else { return .notStored }
      joined.value = mode == .append ? joined.value + new.value : new.value + joined.value
      new = joined
    case .cas(let token):
      guard let present else { return .miss }
      if token != CASToken(boot: boot, unique: present.unique) { return .exists }
    }
    lastUnique += 1
    new.unique = lastUnique
    items[key] = new
    return .stored(CASToken(boot: boot, unique: lastUnique))
  }

  private func count(_ key: Key, _ change: (UInt64) -> UInt64) -> Reply {
    guard let present = items[key] else { return .miss }
    guard let number = UInt64(String(decoding: present.value, as: UTF8.self)) else { return .notNumeric }
    lastUnique += 1
    let value = change(number)
    items[key]?.value = Array(String(value).utf8)
    items[key]?.unique = lastUnique
    return .counter(value, CASToken(boot: boot, unique: lastUnique))
  }
}
