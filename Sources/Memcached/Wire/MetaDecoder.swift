// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Reads replies of the meta protocol (protocol.txt, "Meta Commands").
///
///     VA <length> <flags>*\r\n<data>\r\n      a value
///     HD <flags>*\r\n                         done, or there
///     EN / NF / NS / EX <flags>*\r\n          miss / not found / not stored / exists
enum MetaDecoder {
  static func decode(_ bytes: UnsafeRawBufferPointer, _ context: DecodingContext) -> Decoded {
    switch context.shape {
    case .flush, .stats, .version: return ServerReply.decode(bytes, shape: context.shape)
    default: break
    }
    guard let (line, length) = bytes.firstLine() else { return ErrorLine.incompleteLine(bytes) }
    guard line.count >= 2, line.count == 2 || line[2] == UInt8(ascii: " ") else {
      return ErrorLine.decode(line, length: length) ?? ErrorLine.violation("an unexpected reply", line: line)
    }
    if line.starts(with: "VA") { return value(bytes, line, headLength: length, context) }
    guard let flags = MetaFlags(UnsafeRawBufferPointer(rebasing: line[2...])),
      let reply = statusReply(line, flags, context)
    else { return ErrorLine.violation("an unexpected reply", line: line) }
    return .reply(reply, length: length, opaque: flags.opaque)
  }

  private static func statusReply(
    _ line: UnsafeRawBufferPointer, _ flags: MetaFlags, _ context: DecodingContext
  ) -> Reply? {
    switch context.shape {
    case .get, .look: line.starts(with: "EN") ? .miss : nil
    case .touch: line.starts(with: "HD") ? .touched : line.starts(with: "EN") ? .miss : nil
    case .store:
      line.starts(with: "HD") ? .stored(flags.token(boot: context.boot)) : refusal(line)
    case .delete: line.starts(with: "HD") ? .deleted : refusal(line)
    case .arithmetic: refusal(line)
    case .flush, .stats, .version, .noop: nil
    }
  }

  private static func refusal(_ line: UnsafeRawBufferPointer) -> Reply? {
    if line.starts(with: "NF") { return .miss }
    if line.starts(with: "NS") { return .notStored }
    return line.starts(with: "EX") ? .exists : nil
  }

  private static func value(
    _ bytes: UnsafeRawBufferPointer, _ line: UnsafeRawBufferPointer, headLength: Int,
    _ context: DecodingContext
  ) -> Decoded {
    var reader = LineReader(UnsafeRawBufferPointer(rebasing: line[2...]))
    reader.skipSpaces()
    guard let count = reader.number(), count <= UInt64(context.maximumValueLength),
      let flags = MetaFlags(&reader)
    else { return ErrorLine.violation("a value of an impossible length or with malformed flags", line: line) }
    let end = headLength + Int(count)
    if bytes.count < end + 2 {
      guard context.shape == .get, count >= Decoded.largeValue else { return .incomplete(needed: end + 2) }
      let token = flags.token(boot: context.boot)
      let item = Item(value: [], flags: flags.clientFlags, ttl: flags.ttl, cas: token)
      return .head(item, valueLength: Int(count), length: headLength, opaque: flags.opaque)
    }
    guard bytes[end] == UInt8(ascii: "\r"), bytes[end + 1] == UInt8(ascii: "\n") else {
      return ErrorLine.violation("a value that is not followed by CRLF", line: line)
    }
    let data = UnsafeRawBufferPointer(rebasing: bytes[headLength..<end])
    let token = flags.token(boot: context.boot)
    switch context.shape {
    case .get:
      let item = Item(value: [UInt8](data), flags: flags.clientFlags, ttl: flags.ttl, cas: token)
      return .reply(.hit(item), length: end + 2, opaque: flags.opaque)
    case .look:
      guard let use = UseFlags(line) else {
        return ErrorLine.violation("a value without the flags that were asked for", line: line)
      }
      let item = Item(value: [UInt8](data), flags: flags.clientFlags, ttl: flags.ttl, cas: token)
      let sighting = Sighting(
        item: item, isFetched: use.isFetched, secondsSinceAccess: use.secondsSinceAccess)
      return .reply(.seen(sighting), length: end + 2, opaque: flags.opaque)
    case .arithmetic:
      // decr leaves trailing spaces in the stored bytes; `ma … v` may show them.
      guard let number = trimmed(data).decimal else {
        return ErrorLine.violation("a counter that is no number", line: line)
      }
      return .reply(.counter(number, token), length: end + 2, opaque: flags.opaque)
    default:
      return ErrorLine.violation("an unexpected value", line: line)
    }
  }

  private static func trimmed(_ data: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var end = data.count
    while end > 0, data[end - 1] == UInt8(ascii: " ") { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: data[..<end])
  }
}

/// The flags behind a meta reply that we ask for; others (`W`, `X`, `Z` …) are passed over.
struct MetaFlags {
  private(set) var opaque: UInt64?
  private(set) var clientFlags: UInt32 = 0
  private(set) var ttl = TimeToLive.unknown
  private var cas: UInt64?

  /// Nil when a flag that we know has a malformed value.
  init?(_ flags: UnsafeRawBufferPointer) {
    var reader = LineReader(flags)
    self.init(&reader)
  }

  init?(_ reader: inout LineReader) {
    while let flag = reader.flag() {
      switch flag {
      case UInt8(ascii: "O"):
        guard let number = reader.number(), opaque == nil else { return nil }
        opaque = number
      case UInt8(ascii: "f"):
        guard let number = reader.number(), let flags = UInt32(exactly: number) else { return nil }
        clientFlags = flags
      case UInt8(ascii: "c"):
        guard let number = reader.number() else { return nil }
        cas = number
      case UInt8(ascii: "t"):
        let isNegative = reader.skip(UInt8(ascii: "-"))
        guard let number = reader.number(), let seconds = Int64(exactly: number) else { return nil }
        ttl = isNegative && seconds > 0 ? .never : .seconds(seconds)
      default: reader.skipToken()
      }
    }
  }

  func token(boot: UInt64) -> CASToken? { CASToken(boot: boot, toldUnique: cas) }
}

/// The flags of a look that tell of the item's use. Read for themselves, since every other reply is without.
private struct UseFlags {
  let isFetched: Bool
  let secondsSinceAccess: UInt64

  /// Nil when one is missing or malformed.
  init?(_ line: UnsafeRawBufferPointer) {
    var reader = LineReader(line)
    var (hit, last): (UInt64?, UInt64?) = (nil, nil)
    // `VA` and the length come first; neither begins like one of these flags.
    while let flag = reader.flag() {
      switch flag {
      case UInt8(ascii: "h"): hit = reader.number()
      case UInt8(ascii: "l"): last = reader.number()
      default: reader.skipToken()
      }
    }
    guard let hit, hit <= 1, let last else { return nil }
    isFetched = hit == 1
    secondsSinceAccess = last
  }
}
