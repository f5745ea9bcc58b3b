// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What can be said of a command before a byte of it is sent, knowing the server.
struct Admission {
  private let isProxy: Bool
  private let isClassic: Bool
  private let boot: UInt64
  /// For a key and its value, in bytes; nil when the server does not tell.
  private let itemRoom: Int?

  init(_ identity: ServerIdentity) {
    isProxy = identity.isProxy
    isClassic = identity.wireProtocol == .classic
    boot = identity.boot
    itemRoom = identity.itemSizeMax.map { $0 - Admission.headerLength(identity.version) }
  }

  /// Whether there is anything to be said at all: of a read there is not.
  static func isAsked(of command: Command) -> Bool {
    if case .get = command.operation { false } else { true }
  }

  /// Nil: send it.
  func answer(_ command: Command) -> Result<Reply, MemcachedError>? {
    if isProxy, let error = refusalOfProxy(command) { return .failure(error) }
    switch command.operation {
    case .store(let mode, let value, let flags, _):
      if case .cas(let token) = mode, !token.isOf(boot: boot) { return .success(.exists) }
      return tooLarge(command, length: value.count, flags: flags).map { .failure($0) }
    case .delete(let token?):
      if isClassic {
        let text = "a conditional delete needs the meta protocol; this server speaks classic only"
        return .failure(MemcachedError(.unsupported, text))
      }
      return token.isOf(boot: boot) ? nil : .success(.exists)
    case .stats(let argument) where !isWords(argument):
      let text = "an argument of stats is words of letters, digits, `_` and `-`, with one space between them"
      return .failure(MemcachedError(.unsupported, text))
    default: return nil
    }
  }

  // The one text in a command that is not checked where it is made: a line end in it would begin another
  // command.
  private func isWords(_ text: String) -> Bool {
    text.isEmpty
      || text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).allSatisfy { word in
        !word.isEmpty && word.allSatisfy(isOfWord)
      }
  }

  private func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }

  // A proxy would end the connection, and with it every request that is on it.
  private func refusalOfProxy(_ command: Command) -> MemcachedError? {
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
  private func tooLarge(_ command: Command, length: Int, flags: UInt32) -> MemcachedError? {
    guard let itemRoom, let key = command.key else { return nil }
    let limit = itemRoom - key.bytes.count - 1 - 2 - (flags == 0 ? 0 : 4)
    if length <= limit { return nil }
    return MemcachedError(
      .tooLarge(limit: limit),
      "the value has \(length) bytes; this server takes at most \(limit) for this key")
  }

  private static func headerLength(_ version: ServerVersion?) -> Int {
    version.map { $0 < .firstWithMeta } ?? true ? 48 + 8 + 64 : 48 + 8
  }
}
