// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Memcached

/// What a decoder makes of bytes, in a form that tests can compare.
enum Outcome: Equatable {
  case incomplete
  case head(Item, valueLength: Int, length: Int, opaque: UInt64?)
  case reply(Reply, length: Int, opaque: UInt64?)
  case failure(MemcachedError.Kind, length: Int)
  case rejected(length: Int)
  case violation

  init(_ decoded: Decoded) {
    switch decoded {
    case .incomplete: self = .incomplete
    case .head(let item, let valueLength, let length, let opaque):
      self = .head(item, valueLength: valueLength, length: length, opaque: opaque)
    case .reply(let reply, let length, let opaque): self = .reply(reply, length: length, opaque: opaque)
    case .failure(let error, let length): self = .failure(error.kind, length: length)
    case .rejected(_, let length): self = .rejected(length: length)
    case .violation: self = .violation
    }
  }
}

/// The reply at the front of `text`, for both decoders.
func decode(_ text: String, as shape: ReplyShape, meta: Bool) -> Outcome {
  let context = DecodingContext(shape: shape, boot: 5, maximumValueLength: 1000, key: try! Key("k"))
  return Array(text.utf8).withUnsafeBytes {
    Outcome(meta ? MetaDecoder.decode($0, context) : ClassicDecoder.decode($0, context))
  }
}

/// Every proper prefix must be incomplete, and bytes behind the reply must not change it.
func expectWhole(_ text: String, as shape: ReplyShape, meta: Bool, _ reply: Reply, opaque: UInt64? = nil) {
  let length = text.utf8.count
  for count in 0..<length {
    let prefix = String(decoding: Array(text.utf8).prefix(count), as: UTF8.self)
    #expect(decode(prefix, as: shape, meta: meta) == .incomplete, "after \(count) bytes of \(text)")
  }
  let expected = Outcome.reply(reply, length: length, opaque: opaque)
  #expect(decode(text, as: shape, meta: meta) == expected)
  #expect(decode(text + "HD O9\r\nSTORED\r\n", as: shape, meta: meta) == expected)
}

@Suite struct MetaDecoderTests {
  private static func hit(
    _ value: String, flags: UInt32 = 0, ttl: TimeToLive = .unknown, cas: UInt64? = nil
  ) -> Reply {
    .hit(
      Item(value: Array(value.utf8), flags: flags, ttl: ttl, cas: cas.map { CASToken(boot: 5, unique: $0) }))
  }

  private static let token = CASToken(boot: 5, unique: 18)

  private static let cases: [(String, ReplyShape, Reply, UInt64?)] = [
    ("VA 3 t100 f7 c15 O12\r\nabc\r\n", .get, hit("abc", flags: 7, ttl: .seconds(100), cas: 15), 12),
    ("VA 0 t-1 f0 c1 O1\r\n\r\n", .get, hit("", ttl: .never, cas: 1), 1),
    ("VA 4 f0 O1\r\n\r\nEN\r\n", .get, hit("\r\nEN"), 1),
    ("VA 1 W f0 Z X c18446744073709551615 O1\r\nx\r\n", .get, hit("x", cas: .max), 1),
    // What a server that was started with -C says of every item.
    ("VA 1 f0 c0 O1\r\nx\r\n", .get, hit("x"), 1), ("HD c0 O5\r\n", .store, .stored(nil), 5),
    ("VA 2 c0 O7\r\n10\r\n", .arithmetic, .counter(10, nil), 7),
    ("EN O3\r\n", .get, .miss, 3), ("EN\r\n", .get, .miss, nil),
    ("HD O4\r\n", .touch, .touched, 4), ("EN O4\r\n", .touch, .miss, 4),
    ("HD c18 O5\r\n", .store, .stored(token), 5), ("NS O5\r\n", .store, .notStored, 5),
    ("EX O5\r\n", .store, .exists, 5), ("NF O5\r\n", .store, .miss, 5),
    ("HD O6\r\n", .delete, .deleted, 6), ("NF O6\r\n", .delete, .miss, 6), ("EX O6\r\n", .delete, .exists, 6),
    ("VA 2 c18 O7\r\n10\r\n", .arithmetic, .counter(10, token), 7),
    ("VA 3 O7\r\n99 \r\n", .arithmetic, .counter(99, nil), 7),
    ("NF O7\r\n", .arithmetic, .miss, 7),
    ("CLIENT_ERROR cannot increment or decrement non-numeric value\r\n", .arithmetic, .notNumeric, nil),
    ("OK\r\n", .flush, .flushed, nil), ("VERSION 1.6.18\r\n", .version, .version("1.6.18"), nil),
    ("END\r\n", .stats, .stats([]), nil),
    (
      "STAT pid 12\r\nSTAT rusage_user 0.1\r\nSTAT empty\r\nSTAT two words here\r\nEND\r\n", .stats,
      .stats([
        Statistic(name: "pid", value: "12"), Statistic(name: "rusage_user", value: "0.1"),
        Statistic(name: "empty", value: ""), Statistic(name: "two", value: "words here"),
      ]), nil
    ),
  ]

  @Test("replies are read whole, fed byte by byte", arguments: cases.indices)
  func repliesAreReadWholeFedByteByByte(_ index: Int) {
    let (text, shape, reply, opaque) = MetaDecoderTests.cases[index]
    expectWhole(text, as: shape, meta: true, reply, opaque: opaque)
  }

  @Test(
    "what a get cannot be answered with is a violation",
    arguments: [
      "VA 2000 O1\r\n", "VA -1 O1\r\nx\r\n", "VA x O1\r\n", "VA O1\r\n", "VA 99999999999999999999 O1\r\n",
      "VA 1 O1\r\nabc\r\n", "VA 1 f4294967296 O1\r\na\r\n", "VA 1 fx O1\r\na\r\n", "VA 1 cx O1\r\na\r\n",
      "VA 1 tx O1\r\na\r\n", "VA 1 O1 O1\r\na\r\n", "VA 1 Ox\r\na\r\n", "HD O1\r\n", "NF O1\r\n", "XX\r\n",
      "\r\n", "A\r\n", "VALUE k 0 1\r\na\r\nEND\r\n", "STORED\r\n", "EN3\r\n", "EN O-3\r\n",
    ]) func whatAGetCannotBeAnsweredWithIsAViolation(_ text: String)
  {
    #expect(decode(text, as: .get, meta: true) == .violation)
  }

  @Test("a line that never ends is a violation, not a growing buffer")
  func aLineThatNeverEndsIsAViolationNotAGrowingBuffer() {
    #expect(decode(String(repeating: "x", count: 8 << 10), as: .get, meta: true) == .incomplete)
    #expect(decode(String(repeating: "x", count: 9 << 10), as: .get, meta: true) == .violation)
  }

  @Test("a value says how many bytes it needs, so that it is not looked at for each piece")
  func aValueSaysHowManyBytesItNeedsSoThatItIsNotLookedAtForEachPie() {
    let context = DecodingContext(shape: .get, boot: 5, maximumValueLength: 1000, key: nil)
    let needed: Int? = Array("VA 100 O1\r\nabc".utf8).withUnsafeBytes {
      if case .incomplete(let needed) = MetaDecoder.decode($0, context) { needed } else { nil }
    }
    #expect(needed == "VA 100 O1\r\n".utf8.count + 100 + 2)
  }

  @Test(
    "a SERVER_ERROR concerns its request only",
    arguments: [
      ("SERVER_ERROR out of memory storing object\r\n", MemcachedError.Kind.outOfMemory),
      ("SERVER_ERROR Out of memory during read\r\n", .outOfMemory),
      ("SERVER_ERROR object too large for cache\r\n", .tooLarge(limit: 0)),
      ("SERVER_ERROR backend gone\r\n", .serverError), ("SERVER_ERROR\r\n", .serverError),
    ]) func aSERVERERRORConcernsItsRequestOnly(_ text: String, _ kind: MemcachedError.Kind)
  {
    for meta in [true, false] {
      for shape in [ReplyShape.get, .store, .delete, .arithmetic, .touch, .stats, .version, .flush] {
        #expect(decode(text, as: shape, meta: meta) == .failure(kind, length: text.utf8.count))
      }
    }
  }

  @Test(
    "an ERROR or CLIENT_ERROR is told apart, since the stream cannot be trusted behind it",
    arguments: ["ERROR\r\n", "CLIENT_ERROR bad command line format\r\n"])
  func anERROROrCLIENTERRORIsToldApartSinceTheStreamCannotBeTrusted(_ text: String) {
    for meta in [true, false] {
      for shape in [ReplyShape.get, .store, .delete, .arithmetic, .touch, .stats, .version, .flush] {
        #expect(decode(text, as: shape, meta: meta) == .rejected(length: text.utf8.count))
      }
    }
    #expect(decode(text, as: .noop, meta: false) == .rejected(length: text.utf8.count))
  }
}

@Suite struct ClassicDecoderTests {
  private static let cases: [(String, ReplyShape, Reply)] = [
    (
      "VALUE k 7 3 15\r\nabc\r\nEND\r\n", .get,
      .hit(Item(value: Array("abc".utf8), flags: 7, cas: CASToken(boot: 5, unique: 15)))
    ),
    ("VALUE k 0 0\r\n\r\nEND\r\n", .get, .hit(Item(value: []))),
    ("VALUE k 0 0 0\r\n\r\nEND\r\n", .get, .hit(Item(value: []))),
    ("VALUE k 0 7\r\n\r\nEND\r\n\r\nEND\r\n", .get, .hit(Item(value: Array("\r\nEND\r\n".utf8)))),
    ("END\r\n", .get, .miss),
    ("STORED\r\n", .store, .stored(nil)), ("NOT_STORED\r\n", .store, .notStored),
    ("EXISTS\r\n", .store, .exists), ("NOT_FOUND\r\n", .store, .miss),
    ("DELETED\r\n", .delete, .deleted), ("NOT_FOUND\r\n", .delete, .miss),
    ("TOUCHED\r\n", .touch, .touched), ("NOT_FOUND\r\n", .touch, .miss),
    ("18446744073709551615\r\n", .arithmetic, .counter(.max, nil)),
    ("99 \r\n", .arithmetic, .counter(99, nil)),
    ("NOT_FOUND\r\n", .arithmetic, .miss),
    ("CLIENT_ERROR cannot increment or decrement non-numeric value\r\n", .arithmetic, .notNumeric),
    ("OK\r\n", .flush, .flushed), ("VERSION 1.4.25\r\n", .version, .version("1.4.25")),
    ("MN\r\n", .noop, .accepted), ("WHAT?\r\n", .noop, .miss),
  ]

  @Test("replies are read whole, fed byte by byte", arguments: cases.indices)
  func repliesAreReadWholeFedByteByByte(_ index: Int) {
    let (text, shape, reply) = ClassicDecoderTests.cases[index]
    expectWhole(text, as: shape, meta: false, reply)
  }

  @Test(
    "what a get cannot be answered with is a violation",
    arguments: [
      "VALUE other 0 1 1\r\na\r\nEND\r\n", "VALUE k 0 1 1\r\nab\r\nEND\r\n",
      "VALUE k 0 1 1\r\na\r\nVALUE k 0 1 1\r\n",
      "VALUE k x 1 1\r\na\r\nEND\r\n", "VALUE k 0 -1 1\r\na\r\nEND\r\n", "VALUE k 0 5000 1\r\n",
      "VALUE k\r\n",
      "STORED\r\n", "12\r\n", "NOT_FOUND\r\n", "\r\n", "HD\r\n", "EN\r\n",
    ]) func whatAGetCannotBeAnsweredWithIsAViolation(_ text: String)
  {
    #expect(decode(text, as: .get, meta: false) == .violation)
  }

  @Test(
    "what an incr cannot be answered with is a violation",
    arguments: ["12x\r\n", "-1\r\n", "18446744073709551616\r\n", "1 2\r\n", "STORED\r\n", "END\r\n"])
  func whatAnIncrCannotBeAnsweredWithIsAViolation(_ text: String) {
    #expect(decode(text, as: .arithmetic, meta: false) == .violation)
  }
}
