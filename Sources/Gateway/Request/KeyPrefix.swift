// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// What stands before every key in the tiers and is told to no caller (`--key-prefix`): programs that share
/// servers stay out of each other's way.
///
/// Callers' keys become the tiers' in one place, `ServiceContext.storedKey`; no answer has to take it off again,
/// as each names the key that it was asked for.
public struct KeyPrefix: Hashable, Sendable, CustomStringConvertible {
  let bytes: [UInt8]
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  init(_ text: String) throws(Key.Invalid) {
    // It is the beginning of a key, of which at least one byte has to be left.
    bytes = try Key(text).bytes
    if bytes.count == Key.maximumLength { throw .tooLong(length: bytes.count + 1) }
  }

  func storedKey(_ key: Key) throws(Problem) -> Key {
    let left = Key.maximumLength - bytes.count
    guard key.bytes.count <= left else {
      throw Problem(.invalidKey, "a key has at most \(left) bytes here, this one \(key.bytes.count)")
    }
    return try checkedKey(bytes + key.bytes)
  }
}
