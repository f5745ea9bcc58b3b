// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

extension NodeConformance {
  /// One run of a case: its keys, and the words in which it says what it expects.
  final class Trial {
    let name: String
    let capabilities: Capabilities
    /// The case's first key.
    let key: Key
    private let prefix: String
    private let perform: Perform
    /// What an earlier stage wants to remember.
    var remembered: CASToken?

    init(_ name: String, _ capabilities: Capabilities, _ perform: @escaping Perform) {
      self.name = name
      self.capabilities = capabilities
      self.perform = perform
      // Random, so that a server that was used before does no harm. Without a minus, which memcached may
      // find in memory that it uses again, and take for the sign of a large number.
      prefix = "conformance.\(UInt32.random(in: 0 ... .max))."
      key = Trial.key(prefix + "0")
    }

    /// Another key of this case.
    func key(_ suffix: String) -> Key { Trial.key(prefix + suffix) }

    private static func key(_ text: String) -> Key {
      do { return try Key(text) } catch { preconditionFailure("a case has good keys: \(error)") }
    }

    // MARK: Doing

    func result(_ operation: Command.Operation, _ key: Key? = nil, noreply: Bool = false)
      -> Result<Reply, MemcachedError>
    {
      perform(Command(key ?? self.key, operation, noreply: noreply))
    }

    func reply(_ operation: Command.Operation, _ key: Key? = nil) throws -> Reply {
      try result(operation, key).get()
    }

    func resultOfServer(_ operation: Command.Operation) -> Result<Reply, MemcachedError> {
      perform(Command(operation))
    }

    func replyOfServer(_ operation: Command.Operation) throws -> Reply {
      try resultOfServer(operation).get()
    }

    // MARK: Expecting

    func require(_ condition: Bool, _ detail: @autoclosure () -> String) throws {
      if !condition { throw Violation(caseName: name, detail: detail()) }
    }

    /// Does an operation and compares the reply. Tokens in `.stored` and `.counter` are not compared,
    /// but must be there if the node can return them.
    func expect(_ operation: Command.Operation, _ expected: Reply, at key: Key? = nil) throws {
      let reply = try reply(operation, key)
      switch (reply, expected) {
      case (.stored(let token), .stored): try requireTokenIfPossible(token, operation)
      case (.counter(let value, let token), .counter(let wanted, _)) where value == wanted:
        try requireTokenIfPossible(token, operation)
      default: try require(reply == expected, "\(operation) gave \(reply) instead of \(expected)")
      }
    }

    private func requireTokenIfPossible(_ token: CASToken?, _ operation: Command.Operation) throws {
      guard capabilities.contains(.tokenOnWrite) else { return }
      try require(token != nil, "\(operation) returned no token")
    }

    /// The item, which must be there.
    @discardableResult
    func item(at key: Key? = nil, isPeek: Bool = false) throws -> Item {
      let reply = try reply(.get(isPeek: isPeek), key)
      guard case .hit(let item) = reply else {
        throw Violation(caseName: name, detail: "a get gave \(reply) instead of a hit")
      }
      return item
    }

    func expectValue(_ value: String, flags: UInt32? = nil, at key: Key? = nil) throws {
      let item = try item(at: key)
      let text = String(decoding: item.value, as: UTF8.self)
      try require(
        item.value == Array(value.utf8),
        "the value is \(text.debugDescription), not \(value.debugDescription)")
      if let flags { try require(item.flags == flags, "the flags are \(item.flags), not \(flags)") }
    }

    func expectMiss(at key: Key? = nil) throws { try expect(.get(isPeek: false), .miss, at: key) }

    /// The token that a get shows now.
    func token(at key: Key? = nil) throws -> CASToken {
      guard let token = try item(at: key).cas else {
        throw Violation(caseName: name, detail: "a get showed no token")
      }
      return token
    }

    private func longest(_ seconds: Int64) -> Int64 {
      seconds > Exptime.longestRelative ? seconds + 1 : seconds
    }

    /// Compares the ttl, give or take the seconds that may begin meanwhile. One that went as a date may show
    /// as one second more: a server's clock ticks once a second and lags behind the calendar's.
    func expectTTL(_ seconds: Int64?, at key: Key? = nil) throws {
      let ttl = try item(at: key).ttl
      switch (ttl, seconds) {
      case (.never, nil): return
      case (.seconds(let left), let seconds?) where (seconds - 2...longest(seconds)).contains(left): return
      default: try require(false, "the ttl is \(ttl), not \(seconds.map { "\($0) s" } ?? "never")")
      }
    }
  }
}

// The cases' short words for operations.
extension Command.Operation {
  static func set(_ text: String, flags: UInt32 = 0, ttl: UInt32 = 0) -> Self {
    put(.set, text, flags: flags, ttl: ttl)
  }

  static func put(_ mode: StoreMode, _ text: String, flags: UInt32 = 0, ttl: UInt32 = 0) -> Self {
    .store(mode, value: Array(text.utf8), flags: flags, exptime: Exptime(seconds: ttl))
  }

  static func incr(_ delta: UInt64) -> Self { .increment(delta: delta) }
  static func decr(_ delta: UInt64) -> Self { .decrement(delta: delta) }
  static func touch(_ ttl: UInt32) -> Self { .touch(exptime: Exptime(seconds: ttl)) }
  static let delete = Command.Operation.delete(ifUnchanged: nil)
  static let get = Command.Operation.get(isPeek: false)
}
