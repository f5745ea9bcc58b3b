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
    guard try call.hasJSONBody() else {
      value = call.request.body
      // The limit is that of the type, so the conversion cannot fail.
      flags = UInt32(try call.query.number("flags", atMost: UInt64(UInt32.max)) ?? 0)
      exptime = try call.query.exptime()
      try NewItem.checkLength(value, call)
      return
    }
    try call.refuseQuery()
    let body = try call.context.json.decode(ItemRequest.self, from: call.request.body)
    try call.check(memberKey: body.key)
    value = body.value
    flags = body.flags
    exptime = try Exptime(ttl: body.ttl, unixTime: Int64(time(nil)), .invalidBody)
    try NewItem.checkLength(value, call)
  }

  /// The bytes that append and prepend add.
  static func piece(_ call: Call) throws(Problem) -> [UInt8] {
    guard try call.hasJSONBody() else {
      try checkLength(call.request.body, call)
      return call.request.body
    }
    let body = try call.context.json.decode(PieceRequest.self, from: call.request.body)
    try call.check(memberKey: body.key)
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
