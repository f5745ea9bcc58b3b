// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Memcached
import Reactor

/// A cache that knows what release 1.4.25 knows: the classic protocol alone, without `gat`.
///
/// As that release did it answers `ERROR` to any other line and goes on with the next one, so that the value
/// of a storage command that it does not know is executed.
public enum OldServer {
  public static let version = "1.4.25"
  /// What it knows; everything else is an `ERROR`.
  public static let verbs: Set<Substring> = [
    "get", "gets", "set", "add", "replace", "append", "prepend", "cas", "delete", "incr", "decr", "touch",
    "flush_all", "stats", "version", "quit",
  ]

  public static func start() throws(SystemError) -> ScriptedServer {
    let store = MemoryStore(capacity: 64 << 20)
    return try .answeringRequests(knowsMeta: false) { _, request in
      switch request.verb {
      case "quit": [.close]
      case "get", "gets": [.send(values(of: request, store)), .send("END\r\n")]
      default: [.send(line(command(request, store.boot).map(store.perform)))]
      }
    }
  }

  private static func values(of request: WireRequest, _ store: MemoryStore) -> [UInt8] {
    request.words.dropFirst().flatMap { word -> [UInt8] in
      guard let key = try? Key(String(word)),
        case .success(.hit(let item)) = store.perform(Command(key, .get(isPeek: false)))
      else { return [] }
      let unique = request.verb == "gets" ? " \(item.cas?.unique ?? 0)" : ""
      return Array("VALUE \(word) \(item.flags) \(item.value.count)\(unique)\r\n".utf8) + item.value
        + Array("\r\n".utf8)
    }
  }

  // MARK: Commands

  private static func command(_ request: WireRequest, _ boot: UInt64) -> Command? {
    let words = request.words
    switch request.verb {
    case "version": return Command(.version)
    case "stats": return Command(.stats(argument: words.count > 1 ? String(words[1]) : ""))
    case "flush_all": return Command(.flushAll(delaySeconds: words.count > 1 ? UInt32(words[1]) ?? 0 : 0))
    default: break
    }
    guard words.count > 1, let key = try? Key(String(words[1])) else { return nil }
    return operation(request, boot).map { Command(key, $0) }
  }

  private static func operation(_ request: WireRequest, _ boot: UInt64) -> Command.Operation? {
    let words = request.words
    func number(_ index: Int) -> UInt64? { index < words.count ? UInt64(words[index]) : nil }
    switch request.verb {
    case "delete": return .delete(ifUnchanged: nil)
    case "incr": return number(2).map { .increment(delta: $0) }
    case "decr": return number(2).map { .decrement(delta: $0) }
    case "touch": return number(2).map { .touch(exptime: exptime($0)) }
    default:
      guard let mode = mode(request.verb, number(5), boot), let flags = number(2), let time = number(3) else {
        return nil
      }
      return .store(mode, value: request.data, flags: UInt32(flags), exptime: exptime(time))
    }
  }

  private static func mode(_ verb: Substring, _ unique: UInt64?, _ boot: UInt64) -> StoreMode? {
    switch verb {
    case "set": .set
    case "add": .add
    case "replace": .replace
    case "append": .append
    case "prepend": .prepend
    case "cas": unique.map { .cas(CASToken(boot: boot, unique: $0)) }
    default: nil
    }
  }

  private static func exptime(_ number: UInt64) -> Exptime {
    let isDate = number > UInt64(Exptime.longestRelative)
    return Exptime(seconds: UInt32(isDate ? number - UInt64(time(nil)) : number))
  }

  // MARK: Replies

  private static func line(_ result: Result<Reply, MemcachedError>?) -> String {
    guard case .success(let reply) = result else { return "ERROR\r\n" }
    switch reply {
    case .stored: return "STORED\r\n"
    case .notStored: return "NOT_STORED\r\n"
    case .exists: return "EXISTS\r\n"
    case .miss: return "NOT_FOUND\r\n"
    case .deleted: return "DELETED\r\n"
    case .touched: return "TOUCHED\r\n"
    case .counter(let number, _): return "\(number)\r\n"
    case .notNumeric: return "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
    case .flushed: return "OK\r\n"
    case .version: return "VERSION \(version)\r\n"
    case .stats(let statistics):
      return statistics.map { "STAT \($0.name) \($0.value)\r\n" }.joined() + "END\r\n"
    case .hit, .seen, .accepted: return "SERVER_ERROR not a reply to this\r\n"
    }
  }
}
