// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Writes commands of the classic text protocol (protocol.txt).
///
/// Never with `noreply`: the server answers an error to such a command all the same, and that answer
/// would be taken for the next one's. A noreply command here is one whose reply nobody waits for.
enum ClassicEncoder {
  /// - Parameter unixTime: seconds since 1970, for exptimes above 30 days.
  static func encode(_ command: Command, unixTime: Int64, into out: inout ByteBuffer) {
    guard let key = command.key else { return ServerCommandEncoder.encode(command, into: &out) }
    switch command.operation {
    case .get, .look:
      verb("gets ", key, &out)
    case .store(let mode, let value, let flags, let exptime):
      verb(name(mode), key, &out)
      number(UInt64(flags), &out)
      number(UInt64(exptime.wireValue(unixTime: unixTime)), &out)
      number(UInt64(value.count), &out)
      if case .cas(let token) = mode { number(token.unique, &out) }
      out.append("\r\n")
      out.append(value)
    case .delete(let token):
      precondition(token == nil, "a conditional delete is refused before it is encoded")
      verb("delete ", key, &out)
    case .increment(let delta):
      verb("incr ", key, &out)
      number(delta, &out)
    case .decrement(let delta):
      verb("decr ", key, &out)
      number(delta, &out)
    case .touch(let exptime):
      verb("touch ", key, &out)
      number(UInt64(exptime.wireValue(unixTime: unixTime)), &out)
    case .flushAll, .stats, .version:
      preconditionFailure("a command to a whole server has no key")
    }
    out.append("\r\n")
  }

  private static func name(_ mode: StoreMode) -> StaticString {
    switch mode {
    case .set: "set "
    case .add: "add "
    case .replace: "replace "
    case .append: "append "
    case .prepend: "prepend "
    case .cas: "cas "
    }
  }

  private static func verb(_ name: StaticString, _ key: Key, _ out: inout ByteBuffer) {
    out.append(name)
    out.append(key.bytes)
  }

  private static func number(_ number: UInt64, _ out: inout ByteBuffer) {
    out.append(" ")
    out.append(decimal: number)
  }
}
