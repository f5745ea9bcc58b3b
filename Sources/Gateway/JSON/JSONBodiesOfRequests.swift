// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Memcached

/// What PUT takes as JSON: `{"value":"…","encoding":"base64","flags":0,"ttl":60}`.
struct ItemRequest: Decodable {
  var key: String?
  var value: [UInt8]
  var flags: UInt32
  /// Seconds from now; 0 = never.
  var ttl: UInt64

  static let members = ["value", "encoding", "flags", "ttl"]

  init(from decoder: any Decoder) throws {
    try self.init(JSONMembers(decoder, allowed: ["key"] + ItemRequest.members))
  }

  init(_ members: JSONMembers) throws {
    key = try members.text("key")
    value = try members.value()
    // The limit is that of the type, so the conversion cannot fail.
    flags = UInt32(try members.number("flags", atMost: UInt64(UInt32.max)) ?? 0)
    ttl = try members.ttl() ?? 0
  }
}

/// What append and prepend take. They keep the flags and the ttl of the item that is there, so naming
/// either is a mistake that the caller should hear of.
struct PieceRequest: Decodable {
  var key: String?
  var value: [UInt8]

  static let members = ["value", "encoding"]

  init(from decoder: any Decoder) throws {
    try self.init(JSONMembers(decoder, allowed: ["key"] + PieceRequest.members))
  }

  init(_ members: JSONMembers) throws {
    key = try members.text("key")
    value = try members.value()
  }
}

/// What incr and decr take: `{"delta":1,"initial":0,"ttl":60}`.
struct CounterRequest {
  var key: String?
  var delta: UInt64?
  var initial: UInt64?
  var ttl: UInt64?
}

extension CounterRequest: Decodable {
  static let members = ["delta", "initial", "ttl"]

  init(from decoder: any Decoder) throws {
    try self.init(JSONMembers(decoder, allowed: ["key"] + CounterRequest.members))
  }

  init(_ members: JSONMembers) throws {
    key = try members.text("key")
    delta = try members.numberOrText("delta")
    initial = try members.numberOrText("initial")
    ttl = try members.ttl()
  }
}

/// What touch takes: `{"ttl":60}`.
struct TouchRequest: Decodable {
  var key: String?
  var ttl: UInt64

  static let members = ["ttl"]

  init(from decoder: any Decoder) throws {
    try self.init(JSONMembers(decoder, allowed: ["key"] + TouchRequest.members))
  }

  init(_ members: JSONMembers) throws {
    key = try members.text("key")
    guard let ttl = try members.ttl() else { throw Problem(.invalidBody, "the member `ttl` is missing") }
    self.ttl = ttl
  }
}

extension JSONMembers {
  /// The bytes of `value` as `encoding` says; left out, that means UTF-8.
  fileprivate func value() throws -> [UInt8] {
    guard let text = try text("value") else { throw Problem(.invalidBody, "the member `value` is missing") }
    switch try self.text("encoding") ?? "utf-8" {
    case "utf-8":
      return Array(text.utf8)
    case "base64":
      guard let bytes = Data(base64Encoded: text) else {
        throw Problem(.invalidBody, "`value` is not base64 (RFC 4648 §4, with padding)")
      }
      return Array(bytes)
    case let other:
      throw Problem(.invalidBody, "`encoding` is `\(other)`; allowed are utf-8 and base64")
    }
  }
}
