// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import Testing

@testable import Gateway

@Suite struct JSONBodiesTests {
  private let json = JSONCoding()

  private func item(_ value: [UInt8], flags: UInt32 = 0, _ ttl: TimeToLive = .unknown, _ cas: CASToken? = nil)
    throws -> [UInt8]
  {
    json.items.item(
      ItemBody(key: try Key("k"), item: Item(value: value, flags: flags, ttl: ttl, cas: cas), tier: "new"))
  }

  /// What comes out of a GET as JSON goes into a PUT as JSON and is the same bytes.
  private func roundTrip(_ value: [UInt8]) throws -> [UInt8] {
    let body = try JSONDecoder().decode(JSON.self, from: Data(item(value)))
    let text = try #require(body["value"]?.string)
    var request = ["value": text]
    request["encoding"] = body["encoding"]?.string
    return try json.decode(ItemRequest.self, from: json.encode(request)).value
  }

  @Test("every byte comes back, alone and among others")
  func everyByte() throws {
    for byte in UInt8.min...UInt8.max {
      #expect(try roundTrip([byte]) == [byte])
      #expect(try roundTrip([0x61, byte, 0x7A]) == [0x61, byte, 0x7A])
    }
    let all = Array(UInt8.min...UInt8.max)
    #expect(try roundTrip(all) == all)
    #expect(try roundTrip([]) == [])
  }

  @Test(
    "valid UTF-8 stays text, whatever its characters",
    arguments: [
      "", "a", "\u{0}", "a\u{0}b", "\u{FFFD}", "\u{FEFF}bom", "\u{7F}", "\"\\/\u{8}\u{C}\n\r\t", "é",
      "e\u{301}",
      "\u{2028}\u{2029}", "😀", "\u{10FFFF}", "{\"value\":1}", " a ",
    ])
  func text(_ text: String) throws {
    let bytes = Array(text.utf8)
    let body = try JSONDecoder().decode(JSON.self, from: Data(item(bytes)))
    #expect(body["encoding"] == nil)
    #expect(body["value"]?.string.map { Array($0.utf8) } == bytes)
    #expect(try roundTrip(bytes) == bytes)
  }

  @Test("items of every shape, many at once, are what a JSON parser takes them for")
  func manyItems() throws {
    let texts = ["", "\\", "\"", "\\\"", "a\\", "\\\\\"", "],[\"", "plain", "\u{0}\"\\", "é\"😀"]
    var keys: [Key] = []
    var answers: [Answer] = []
    for (number, text) in texts.enumerated() {
      let item = Item(
        value: Array(text.utf8), flags: UInt32(number), ttl: number % 2 == 0 ? .never : .seconds(9))
      keys.append(try Key("k\(number)\"\\"))
      answers.append(Answer(.success(.hit(item)), tier: number % 2))
    }
    keys.insert(try Key("gone"), at: 1)
    answers.insert(Answer(.success(.miss)), at: 1)
    let body = ItemsBody(keys: keys, answers: answers, tiers: ["new", "old"])
    let parsed = try JSONDecoder().decode(JSON.self, from: Data(json.items.items(body)))
    for (number, text) in texts.enumerated() {
      let item = parsed["items"]?[number]
      #expect(item?["value"]?.string.map { Array($0.utf8) } == Array(text.utf8))
      #expect(item?["key"]?.string == "k\(number)\"\\")
      #expect(item?["tier"]?.string == ["new", "old"][number % 2])
    }
    #expect(parsed["missing"]?[0]?.string == "gone")
    #expect(parsed["errors"]?.count == 0)
  }

  @Test(
    "bytes that are not UTF-8 are base64",
    arguments: [
      [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x61, 0x80], [0xE2, 0x82],
    ] as [[UInt8]])
  func bytes(_ value: [UInt8]) throws {
    let body = try JSONDecoder().decode(JSON.self, from: Data(item(value)))
    #expect(body["encoding"] == "base64")
    #expect(body["value"]?.string == Data(value).base64EncodedString())
    #expect(try roundTrip(value) == value)
  }

  @Test(
    "the ttl is a number, null for never, absent when it is not known",
    arguments: [
      (.seconds(283), "\"ttl\":283"), (.seconds(0), "\"ttl\":0"), (.never, "\"ttl\":null"),
    ] as [(TimeToLive, String)])
  func ttl(_ ttl: TimeToLive, _ expected: String) throws {
    #expect(String(decoding: try item([], ttl), as: UTF8.self).contains(expected))
    #expect(!String(decoding: try item([], .unknown), as: UTF8.self).contains("ttl"))
  }

  @Test("an item has the contract's members, in one order, slashes as they are")
  func members() throws {
    let bytes = try item(
      Array("a/b".utf8), flags: .max, .seconds(283), CASToken(boot: 1, unique: .max))
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"{"cas":"18446744073709551615","flags":4294967295,"key":"k","tier":"new","ttl":283,"value":"a/b"}"#
    )
  }

  @Test(
    "what a request may say",
    arguments: [
      (#"{"value":"v"}"#, "v 0 0"),
      (#"{"value":"v","encoding":"utf-8","flags":4294967295,"ttl":60}"#, "v 4294967295 60"),
      (#"{"value":"dg==","encoding":"base64"}"#, "v 0 0"),
      (#"{"value":"v","ttl":null}"#, "v 0 0"),
      (#" { "key" : "k" , "value" : "" } "#, " 0 0"),
      (#"{"value":"\u0076","ttl":1.0}"#, "v 0 1"),
      (#"{}"#, "`value` is missing"),
      (#"{"value":null}"#, "`value` is no string"),
      (#"{"value":5}"#, "`value` is no string"),
      (#"{"value":"v","tll":60}"#, "unknown member `tll`; allowed are key, value, encoding, flags, ttl"),
      (#"{"value":"v","cas":"5"}"#, "unknown member `cas`"),
      (#"{"value":"v","ttl":-1}"#, "`ttl` is no whole number"),
      (#"{"value":"v","ttl":1.5}"#, "`ttl` is no whole number"),
      (#"{"value":"v","ttl":"60"}"#, "`ttl` is no whole number"),
      (#"{"value":"v","ttl":18446744073709551616}"#, "`ttl` is no whole number"),
      (#"{"value":"v","flags":4294967296}"#, "`flags` is no whole number from 0 to 4294967295"),
      (#"{"value":"v","flags":null}"#, "`flags` is no whole number"),
      (#"{"value":"v","encoding":"latin1"}"#, "`encoding` is `latin1`"),
      (#"{"value":"d","encoding":"base64"}"#, "not base64"),
      (#"{"value":"dg","encoding":"base64"}"#, "not base64"),
      (#"{"value":"d g==","encoding":"base64"}"#, "not base64"),
      (#"{"value":"\ud800"}"#, "`value` is no string of Unicode characters"),
      (#"[]"#, "not a JSON object"),
      (#""v""#, "not a JSON object"),
      (#"null"#, "not a JSON object"),
      (#"{"value":"v""#, "not JSON"),
      (#"{value:"v"}"#, "not JSON"),
      (#"{"value":"v"} x"#, "not JSON"),
      ("", "not JSON"),
    ])
  func itemRequest(_ body: String, _ expected: String) {
    do throws(Problem) {
      let item = try json.decode(ItemRequest.self, from: Array(body.utf8))
      #expect("\(String(decoding: item.value, as: UTF8.self)) \(item.flags) \(item.ttl)" == expected)
    } catch {
      #expect(error.type == .invalidBody)
      #expect(error.detail.contains(expected), "\(error.detail)")
    }
  }

  @Test(
    "counters are numbers or strings of 64 bits",
    arguments: [
      ("5", 5), (#""5""#, 5), ("0", 0), ("18446744073709551615", .max), (#""18446744073709551615""#, .max),
      ("1e3", 1000), ("18446744073709551616", nil), (#""18446744073709551616""#, nil), ("-1", nil),
      (#""-1""#, nil), (#""+1""#, nil), ("1.5", nil), (#""1.5""#, nil), (#""""#, nil), (#"" 1""#, nil),
      ("true", nil), ("null", nil), ("[]", nil), ("\"٣\"", nil),
    ] as [(String, UInt64?)])
  func counters(_ text: String, _ expected: UInt64?) {
    for member in ["delta", "initial"] {
      let body = Array("{\"\(member)\":\(text)}".utf8)
      do throws(Problem) {
        let request = try json.decode(CounterRequest.self, from: body)
        #expect((member == "delta" ? request.delta : request.initial) == expected)
      } catch {
        #expect(expected == nil, "\(error.detail)")
        #expect(error.detail.contains(member))
      }
    }
  }
}
