// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Reads replies of the classic text protocol (protocol.txt).
enum ClassicDecoder {
  static func decode(_ bytes: UnsafeRawBufferPointer, _ context: DecodingContext) -> Decoded {
    switch context.shape {
    case .flush, .stats, .version: return ServerReply.decode(bytes, shape: context.shape)
    default: break
    }
    guard let (line, length) = bytes.firstLine() else { return ErrorLine.incompleteLine(bytes) }
    if context.shape == .noop {
      // `mn` before the protocol is known: MN, or whatever a server says that does not know it.
      if line.equals("MN") { return .reply(.accepted, length: length, opaque: nil) }
      return ErrorLine.decode(line, length: length) ?? .reply(.miss, length: length, opaque: nil)
    }
    if context.shape == .get || context.shape == .look, line.starts(with: "VALUE ") {
      return value(bytes, line, headLength: length, context)
    }
    if let reply = statusReply(line, context.shape) { return .reply(reply, length: length, opaque: nil) }
    return ErrorLine.decode(line, length: length) ?? ErrorLine.violation("an unexpected reply", line: line)
  }

  private static func statusReply(_ line: UnsafeRawBufferPointer, _ shape: ReplyShape) -> Reply? {
    if shape != .get, shape != .look, line.equals("NOT_FOUND") { return .miss }
    switch shape {
    case .get, .look: return line.equals("END") ? .miss : nil
    case .store:
      if line.equals("STORED") { return .stored(nil) }
      if line.equals("NOT_STORED") { return .notStored }
      return line.equals("EXISTS") ? .exists : nil
    case .delete: return line.equals("DELETED") ? .deleted : nil
    case .touch: return line.equals("TOUCHED") ? .touched : nil
    case .arithmetic:
      var reader = LineReader(line)
      guard let number = reader.token()?.decimal, reader.token() == nil else { return nil }
      return .counter(number, nil)
    case .flush, .stats, .version, .noop: return nil
    }
  }

  // VALUE <key> <flags> <bytes> [<cas unique>]\r\n<data>\r\nEND\r\n
  private static func value(
    _ bytes: UnsafeRawBufferPointer, _ line: UnsafeRawBufferPointer, headLength: Int,
    _ context: DecodingContext
  ) -> Decoded {
    var reader = LineReader(UnsafeRawBufferPointer(rebasing: line[6...]))
    guard let key = reader.token(), let flags = reader.token()?.decimal, let flags = UInt32(exactly: flags),
      let count = reader.token()?.decimal, count <= UInt64(context.maximumValueLength)
    else { return ErrorLine.violation("a malformed VALUE line", line: line) }
    let unique = reader.token()?.decimal
    guard let asked = context.key, key.elementsEqual(asked.bytes) else {
      return ErrorLine.violation("a value of a key that was not asked for", line: line)
    }
    let end = headLength + Int(count)
    let trailer: StaticString = "\r\nEND\r\n"
    if bytes.count < end + trailer.utf8CodeUnitCount {
      return .incomplete(needed: end + trailer.utf8CodeUnitCount)
    }
    guard UnsafeRawBufferPointer(rebasing: bytes[end...]).starts(with: trailer) else {
      return ErrorLine.violation("a value that is not followed by CRLF and END", line: line)
    }
    let item = Item(
      value: [UInt8](bytes[headLength..<end]), flags: flags, ttl: .unknown,
      cas: CASToken(boot: context.boot, toldUnique: unique))
    let reply = context.shape == .look ? Reply.seen(Sighting(item: item)) : .hit(item)
    return .reply(reply, length: end + trailer.utf8CodeUnitCount, opaque: nil)
  }
}
