// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Memcached

/// What encoders write: the bytes on the wire, as protocol.txt has them.
@Suite struct EncoderTests {
  private static let unixTime: Int64 = 1_700_000_000

  private static func key(_ text: String) -> Key { try! Key(text) }

  private static func meta(_ command: Command) -> String {
    var out = ByteBuffer()
    MetaEncoder.encode(command, opaque: 7, unixTime: unixTime, into: &out)
    return String(decoding: out.readable, as: UTF8.self)
  }

  private static func classic(_ command: Command) -> String {
    var out = ByteBuffer()
    ClassicEncoder.encode(command, unixTime: unixTime, into: &out)
    return String(decoding: out.readable, as: UTF8.self)
  }

  private static func store(
    _ mode: StoreMode, _ value: String = "abc", flags: UInt32 = 0, ttl: UInt32 = 0
  ) -> Command {
    Command(
      key("k"), .store(mode, value: Array(value.utf8), flags: flags, exptime: Exptime(seconds: ttl)))
  }

  private static let token = CASToken(boot: 99, unique: 18_446_744_073_709_551_615)

  /// Command, meta form, classic form.
  private static let cases: [(Command, String, String)] = [
    (Command(key("k"), .get(isPeek: false)), "mg k v f c t O7\r\n", "gets k\r\n"),
    (Command(key("k"), .get(isPeek: true)), "mg k v f c t u O7\r\n", "gets k\r\n"),
    (Command(key("schlüssel"), .get(isPeek: false)), "mg schlüssel v f c t O7\r\n", "gets schlüssel\r\n"),
    (store(.set), "ms k 3 c O7\r\nabc\r\n", "set k 0 0 3\r\nabc\r\n"),
    (store(.set, ""), "ms k 0 c O7\r\n\r\n", "set k 0 0 0\r\n\r\n"),
    (store(.set, "a\r\nb\0c"), "ms k 6 c O7\r\na\r\nb\0c\r\n", "set k 0 0 6\r\na\r\nb\0c\r\n"),
    (
      store(.set, flags: .max, ttl: 60), "ms k 3 c F4294967295 T60 O7\r\nabc\r\n",
      "set k 4294967295 60 3\r\nabc\r\n"
    ),
    (store(.add), "ms k 3 c ME O7\r\nabc\r\n", "add k 0 0 3\r\nabc\r\n"),
    (store(.replace), "ms k 3 c MR O7\r\nabc\r\n", "replace k 0 0 3\r\nabc\r\n"),
    (store(.append), "ms k 3 c MA O7\r\nabc\r\n", "append k 0 0 3\r\nabc\r\n"),
    (store(.prepend), "ms k 3 c MP O7\r\nabc\r\n", "prepend k 0 0 3\r\nabc\r\n"),
    (
      store(.cas(token)), "ms k 3 c C18446744073709551615 O7\r\nabc\r\n",
      "cas k 0 0 3 18446744073709551615\r\nabc\r\n"
    ),
    (Command(key("k"), .delete(ifUnchanged: nil)), "md k O7\r\n", "delete k\r\n"),
    (Command(key("k"), .increment(delta: 5)), "ma k MI v c D5 O7\r\n", "incr k 5\r\n"),
    (
      Command(key("k"), .decrement(delta: .max)), "ma k MD v c D18446744073709551615 O7\r\n",
      "decr k 18446744073709551615\r\n"
    ),
    (Command(key("k"), .touch(exptime: Exptime(seconds: 9))), "mg k T9 O7\r\n", "touch k 9\r\n"),
    (Command(.flushAll(delaySeconds: 0)), "flush_all\r\n", "flush_all\r\n"),
    (Command(.flushAll(delaySeconds: 10)), "flush_all 10\r\n", "flush_all 10\r\n"),
    (Command(.stats(argument: "")), "stats\r\n", "stats\r\n"),
    (Command(.stats(argument: "settings")), "stats settings\r\n", "stats settings\r\n"),
    (Command(.version), "version\r\n", "version\r\n"),
  ]

  @Test("each command has its form in both protocols", arguments: cases.indices)
  func eachCommandHasItsFormInBothProtocols(_ index: Int) {
    let (command, meta, classic) = EncoderTests.cases[index]
    #expect(EncoderTests.meta(command) == meta)
    #expect(EncoderTests.classic(command) == classic)
  }

  @Test("a noreply command is written like any other, since errors would be answered all the same")
  func aNoreplyCommandIsWrittenLikeAnyOtherSinceErrorsWouldBeAnswer() {
    let quiet = Command(EncoderTests.key("k"), .delete(ifUnchanged: nil), noreply: true)
    #expect(EncoderTests.classic(quiet) == "delete k\r\n")
    #expect(EncoderTests.meta(quiet) == "md k O7\r\n")
  }

  @Test("a conditional delete exists in the meta protocol") func aConditionalDeleteExistsInTheMetaProtocol() {
    let command = Command(EncoderTests.key("k"), .delete(ifUnchanged: CASToken(boot: 1, unique: 12)))
    #expect(EncoderTests.meta(command) == "md k C12 O7\r\n")
  }

  @Test(
    "an exptime above 30 days is sent as a date",
    arguments: [
      (0, 0), (1, 1), (2_592_000, 2_592_000), (2_592_001, unixTime + 2_592_001),
      (UInt32.max, unixTime + 4_294_967_295),
    ] as [(UInt32, Int64)]) func anExptimeAbove30DaysIsSentAsADate(_ seconds: UInt32, _ wire: Int64)
  {
    #expect(Exptime(seconds: seconds).wireValue(unixTime: EncoderTests.unixTime) == wire)
  }

  @Test("numbers are written in decimal", arguments: [0, 9, 10, 99, 100, 1_000_000, UInt64.max])
  func numbersAreWrittenInDecimal(
    _ number: UInt64
  ) {
    var out = ByteBuffer(capacity: 1)
    out.append(decimal: number)
    #expect(String(decoding: out.readable, as: UTF8.self) == String(number))
  }
}
