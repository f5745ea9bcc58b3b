// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Testing

@testable import Memcached

/// Whatever is in a key or a value, what leaves for a server is the commands that were meant and nothing else.
@Suite struct InjectionTests {
  private static let unixTime: Int64 = 1_700_000_000

  @Test("bytes are a key exactly when memcached takes them for one", arguments: 1...4 as ClosedRange<UInt64>)
  func bytesAreAKeyExactlyWhenMemcachedTakesThemForOne(seed: UInt64) {
    var hostile = HostileBytes(seed: seed)
    var keyCount = 0
    for _ in 0..<5_000 {
      let bytes = hostile.key()
      let key = try? Key(bytes)
      #expect((key != nil) == HostileBytes.isKey(bytes), "\(bytes)")
      if let key {
        #expect(key.bytes == bytes)
        keyCount += 1
      }
    }
    #expect(keyCount > 1_000)
  }

  @Test("what is encoded reads as the commands meant", arguments: 1...4 as ClosedRange<UInt64>)
  func whatIsEncodedReadsAsTheCommandsMeant(seed: UInt64) throws {
    var hostile = HostileBytes(seed: seed)
    var meta = ByteBuffer()
    var classic = ByteBuffer()
    var (expectedMeta, expectedClassic) = ([WireCommand](), [WireCommand]())
    for number in 0..<2_000 as Range<UInt64> {
      guard let key = try? Key(hostile.key()) else { continue }
      let value = hostile.bytes(atMost: number % 500 == 0 ? 1_000_000 : 400)
      let command = Command(key, operation(value, &hostile.generator))
      MetaEncoder.encode(command, opaque: number, unixTime: Self.unixTime, into: &meta)
      expectedMeta.append(metaForm(command, opaque: number))
      ClassicEncoder.encode(command, unixTime: Self.unixTime, into: &classic)
      expectedClassic.append(classicForm(command))
    }
    #expect(expectedMeta.count > 500)
    #expect(try commands(in: Array(meta.readable)) == expectedMeta)
    #expect(try commands(in: Array(classic.readable)) == expectedClassic)
  }

  private func commands(in bytes: [UInt8]) throws -> [WireCommand] {
    var (rest, commands) = (bytes[...], [WireCommand]())
    while let command = try WireCommand.take(from: &rest) { commands.append(command) }
    #expect(rest.isEmpty)
    return commands
  }

  private func operation(_ value: [UInt8], _ random: inout SeededGenerator) -> Command.Operation {
    let number = UInt64.random(in: 0 ... .max, using: &random)
    let exptime = Exptime(seconds: Bool.random(using: &random) ? 0 : UInt32(truncatingIfNeeded: number))
    let flags = UInt32(truncatingIfNeeded: number >> 32)
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return .get(isPeek: false)
    case 1: return .delete(ifUnchanged: nil)
    case 2: return .increment(delta: number)
    case 3: return .decrement(delta: number)
    case 4: return .touch(exptime: exptime)
    case 5: return .store(.add, value: value, flags: flags, exptime: exptime)
    case 6: return .store(.replace, value: value, flags: flags, exptime: exptime)
    case 7: return .store(.append, value: value, flags: 0, exptime: .never)
    case 8: return .store(.prepend, value: value, flags: 0, exptime: .never)
    case 9: return .look
    case 10: return .store(.cas(CASToken(boot: 1, unique: number)), value: value, flags: 0, exptime: exptime)
    default: return .store(.set, value: value, flags: flags, exptime: exptime)
    }
  }

  // MARK: What it should be

  private func metaForm(_ command: Command, opaque: UInt64) -> WireCommand {
    var form = wireForm(command)
    switch command.operation {
    case .get: (form.verb, form.arguments) = ("mg", ["v", "f", "c", "t"])
    case .look: (form.verb, form.arguments) = ("mg", ["v", "f", "c", "t", "h", "l", "u"])
    case .delete: form.verb = "md"
    case .increment(let delta): (form.verb, form.arguments) = ("ma", ["MI", "v", "c", "D\(delta)"])
    case .decrement(let delta): (form.verb, form.arguments) = ("ma", ["MD", "v", "c", "D\(delta)"])
    case .touch(let exptime):
      (form.verb, form.arguments) = ("mg", ["T\(exptime.wireValue(unixTime: Self.unixTime))"])
    case .store(let mode, let value, let flags, let exptime):
      let modes: [String] =
        switch mode {
        case .set: []
        case .add: ["ME"]
        case .replace: ["MR"]
        case .append: ["MA"]
        case .prepend: ["MP"]
        case .cas(let token): ["C\(token.unique)"]
        }
      form.verb = "ms"
      form.arguments = ["\(value.count)", "c"] + modes + (flags == 0 ? [] : ["F\(flags)"])
      if exptime != .never { form.arguments.append("T\(exptime.wireValue(unixTime: Self.unixTime))") }
    case .flushAll, .stats, .version: break
    }
    form.arguments.append("O\(opaque)")
    return form
  }

  private func classicForm(_ command: Command) -> WireCommand {
    var form = wireForm(command)
    switch command.operation {
    case .get, .look: form.verb = "gets"
    case .delete: form.verb = "delete"
    case .increment(let delta): (form.verb, form.arguments) = ("incr", ["\(delta)"])
    case .decrement(let delta): (form.verb, form.arguments) = ("decr", ["\(delta)"])
    case .touch(let exptime):
      (form.verb, form.arguments) = ("touch", ["\(exptime.wireValue(unixTime: Self.unixTime))"])
    case .store(let mode, let value, let flags, let exptime):
      form.arguments = ["\(flags)", "\(exptime.wireValue(unixTime: Self.unixTime))", "\(value.count)"]
      switch mode {
      case .cas(let token): (form.verb, form.arguments) = ("cas", form.arguments + ["\(token.unique)"])
      default: form.verb = "\(mode)"
      }
    case .flushAll, .stats, .version: break
    }
    return form
  }

  private func wireForm(_ command: Command) -> WireCommand {
    var value: [UInt8]?
    if case .store(_, let bytes, _, _) = command.operation { value = bytes }
    return WireCommand(verb: "", key: command.key?.bytes ?? [], value: value)
  }

  @Test(
    "an argument of stats that is more than words is not sent",
    arguments: ["settings\r\nflush_all", "settings\n", "a\0", " settings", "a  b", "settings ", "é", "\t"])
  func anArgumentOfStatsThatIsMoreThanWordsIsNotSent(argument: String) {
    let identity = ServerIdentity(version: nil, wireProtocol: .meta, boot: 1, itemSizeMax: nil)
    let admission = Admission(identity)
    let refusal = admission.answer(Command(.stats(argument: argument)))
    guard case .failure(let error)? = refusal else {
      Issue.record("it is sent")
      return
    }
    #expect(error.kind == .unsupported)
    #expect(admission.answer(Command(.stats(argument: "detail dump"))) == nil)
    #expect(admission.answer(Command(.stats(argument: ""))) == nil)
  }
}
