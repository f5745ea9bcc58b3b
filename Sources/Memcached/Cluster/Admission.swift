// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What can be said of a command before a byte of it is sent, knowing the server.
enum Admission {
  /// Whether there is anything to be said at all: a read need not look at the server's identity.
  static func isAsked(of command: Command) -> Bool {
    if case .get = command.operation { false } else { true }
  }

  /// Nil: send it.
  static func answer(_ command: Command, _ identity: ServerIdentity) -> Result<Reply, MemcachedError>? {
    if identity.isProxy, let error = refusalOfProxy(command) { return .failure(error) }
    switch command.operation {
    case .store(let mode, let value, let flags, _):
      if case .cas(let token) = mode, !token.isOf(boot: identity.boot) { return .success(.exists) }
      return tooLarge(command, length: value.count, flags: flags, identity).map { .failure($0) }
    case .delete(let token?):
      if identity.wireProtocol == .classic {
        let text = "a conditional delete needs the meta protocol; this server speaks classic only"
        return .failure(MemcachedError(.unsupported, text))
      }
      return token.isOf(boot: identity.boot) ? nil : .success(.exists)
    case .stats(let argument) where !isWords(argument):
      let text = "an argument of stats is words of letters, digits, `_` and `-`, with one space between them"
      return .failure(MemcachedError(.unsupported, text))
    default: return nil
    }
  }

  // The one text in a command that is not checked where it is made: a line end in it would begin another
  // command.
  private static func isWords(_ text: String) -> Bool {
    text.isEmpty
      || text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).allSatisfy { word in
        !word.isEmpty && word.allSatisfy(isOfWord)
      }
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }

  // A proxy would end the connection, and with it every request that is on it.
  private static func refusalOfProxy(_ command: Command) -> MemcachedError? {
    let what: String
    switch command.operation {
    case .store(.cas(let token), _, _, _) where token.boot != CASToken.anyBoot:
      what = "compare-and-swap does not go through a proxy, as tokens of the servers behind it may repeat"
    case .flushAll, .stats, .version:
      what = "commands to a whole server do not go through a proxy; ask the servers behind it"
    default: return nil
    }
    return MemcachedError(.unsupported, what)
  }

  // A set that the server finds too large drops the item that was there; so we count as it does:
  // an item's header (48), its cas (8), the key and a NUL, flags if any (4), the value and CRLF must
  // fit into item_size_max. Releases before 1.6 keep flags and length as text in a longer header.
  private static func tooLarge(
    _ command: Command, length: Int, flags: UInt32, _ identity: ServerIdentity
  ) -> MemcachedError? {
    guard let itemSizeMax = identity.itemSizeMax, let key = command.key else { return nil }
    let header = identity.version.map { $0 < .firstWithMeta } ?? true ? 48 + 8 + 64 : 48 + 8
    let limit = itemSizeMax - header - key.bytes.count - 1 - 2 - (flags == 0 ? 0 : 4)
    if length <= limit { return nil }
    return MemcachedError(
      .tooLarge(limit: limit),
      "the value has \(length) bytes; this server takes at most \(limit) for this key")
  }
}
