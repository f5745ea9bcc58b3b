// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Memcached

/// What a PUT wants stored, from either form of its body.
struct NewItem {
  let value: [UInt8]
  let flags: UInt32
  let exptime: Exptime

  init(_ call: Call) throws(Problem) {
    // RFC 9110 §14.5: a part must not be stored as if it were the whole.
    if call.request.header("Content-Range") != nil {
      throw Problem(
        .invalidBody, "`Content-Range`: the body is a part of a value; only whole ones are stored")
    }
    guard try call.hasJSONBody() else {
      // The limit is that of the type, so the conversion cannot fail.
      let flags = UInt32(try call.query.number("flags", atMost: UInt64(UInt32.max)) ?? 0)
      try self.init(call.request.body, flags, try call.query.exptime(), call)
      return
    }
    try call.refuseQuery()
    let body = try call.context.json.decode(ItemRequest.self, from: call.request.body)
    try call.check(memberKey: body.key)
    try self.init(body, call)
  }

  /// What the JSON form says.
  init(_ body: ItemRequest, _ call: Call) throws(Problem) {
    let exptime = try Exptime(ttl: body.ttl, unixTime: Int64(time(nil)), .invalidBody)
    try self.init(body.value, body.flags, exptime, call)
  }

  private init(_ value: [UInt8], _ flags: UInt32, _ exptime: Exptime, _ call: Call) throws(Problem) {
    try NewItem.checkLength(value, call)
    self.value = value
    self.flags = flags
    self.exptime = exptime
  }

  /// The bytes that append and prepend add.
  static func piece(_ call: Call) throws(Problem) -> [UInt8] {
    guard try call.hasJSONBody() else {
      try checkLength(call.request.body, call)
      return call.request.body
    }
    let body = try call.context.json.decode(PieceRequest.self, from: call.request.body)
    try call.check(memberKey: body.key)
    return try piece(body, call)
  }

  /// The same, as the JSON form has them.
  static func piece(_ body: PieceRequest, _ call: Call) throws(Problem) -> [UInt8] {
    try checkLength(body.value, call)
    return body.value
  }

  /// Before anything is sent: memcached drops the item that is there when a set is too large.
  private static func checkLength(_ value: [UInt8], _ call: Call) throws(Problem) {
    let limit = call.context.settings.maximumValueLength
    if value.count > limit {
      throw Problem(.tooLarge, "the value has \(value.count) bytes; at most \(limit) are taken")
    }
  }
}
