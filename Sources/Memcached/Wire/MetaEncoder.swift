// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Writes commands of the meta protocol (protocol.txt, "Meta Commands"), each with an opaque.
enum MetaEncoder {
  /// - Parameter unixTime: seconds since 1970, for exptimes above 30 days.
  static func encode(_ command: Command, opaque: UInt64, unixTime: Int64, into out: inout ByteBuffer) {
    guard let key = command.key else { return ServerCommandEncoder.encode(command, into: &out) }
    switch command.operation {
    case .get(let isPeek):
      start("mg ", key, &out)
      // v value, f flags, c cas, t ttl left; u: do not bump the LRU.
      out.append(isPeek ? " v f c t u" : " v f c t")
    case .look:
      start("mg ", key, &out)
      // h hit before, l seconds since the last access; both are those before this command.
      out.append(" v f c t h l u")
    case .store(let mode, let value, let flags, let exptime):
      storeHead(key, mode, length: value.count, flags: flags, exptime: exptime, unixTime: unixTime, &out)
      finish(opaque, &out)
      out.append(value)
      out.append("\r\n")
      return
    case .delete(let token):
      start("md ", key, &out)
      if let token { flag(" C", token.unique, &out) }
    case .increment(let delta):
      start("ma ", key, &out)
      out.append(" MI v c")
      flag(" D", delta, &out)
    case .decrement(let delta):
      start("ma ", key, &out)
      out.append(" MD v c")
      flag(" D", delta, &out)
    case .touch(let exptime):
      start("mg ", key, &out)
      flag(" T", UInt64(exptime.wireValue(unixTime: unixTime)), &out)
    case .flushAll, .stats, .version:
      preconditionFailure("a command to a whole server has no key")
    }
    finish(opaque, &out)
  }

  private static func storeHead(
    _ key: Key, _ mode: StoreMode, length: Int, flags: UInt32, exptime: Exptime, unixTime: Int64,
    _ out: inout ByteBuffer
  ) {
    start("ms ", key, &out)
    flag(" ", UInt64(length), &out)
    out.append(" c")
    switch mode {
    case .set: break
    case .add: out.append(" ME")
    case .replace: out.append(" MR")
    case .append: out.append(" MA")
    case .prepend: out.append(" MP")
    case .cas(let token): flag(" C", token.unique, &out)
    }
    if mode == .append || mode == .prepend { return }
    if flags != 0 { flag(" F", UInt64(flags), &out) }
    if exptime != .never { flag(" T", UInt64(exptime.wireValue(unixTime: unixTime)), &out) }
  }

  private static func start(_ verb: StaticString, _ key: Key, _ out: inout ByteBuffer) {
    out.append(verb)
    out.append(key.bytes)
  }

  private static func flag(_ name: StaticString, _ value: UInt64, _ out: inout ByteBuffer) {
    out.append(name)
    out.append(decimal: value)
  }

  private static func finish(_ opaque: UInt64, _ out: inout ByteBuffer) {
    flag(" O", opaque, &out)
    out.append("\r\n")
  }
}

/// Writes the commands to whole servers, which are the same in both protocols.
enum ServerCommandEncoder {
  static func encode(_ command: Command, into out: inout ByteBuffer) {
    switch command.operation {
    case .flushAll(let delaySeconds):
      out.append("flush_all")
      if delaySeconds > 0 {
        out.append(" ")
        out.append(decimal: UInt64(delaySeconds))
      }
    case .stats(let argument):
      out.append("stats")
      if !argument.isEmpty {
        out.append(" ")
        out.append(Array(argument.utf8))
      }
    case .version:
      out.append("version")
    case .get, .look, .store, .delete, .increment, .decrement, .touch:
      preconditionFailure("a command to a key has one")
    }
    out.append("\r\n")
  }
}
