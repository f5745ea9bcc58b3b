// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Random bytes of the kind that breaks out of a protocol, if anything does: line ends, NULs, words and whole
/// commands of memcached, halves of percent-escapes. The same seed gives the same ones.
public struct HostileBytes {
  public var generator: SeededGenerator

  public init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  private static let fragments: [[UInt8]] = [
    "\r\n", "\n", "\r", "\0", " ", "\t", "\u{7F}", "  ", "\r\n\r\n", " noreply", " O1", " c", "-1", "%",
    "%0d%0a",
    "%00", "/", "?", "&key=", "\"", "\\", "\r\nset x 0 0 1\r\nA\r\n", "set x 0 0 1\r\n", "\r\nflush_all\r\n",
    "flush_all\n", "ms x 1\r\nA\r\n", "\r\nmg x v\r\n", "END\r\n", "VALUE x 0 1\r\nA\r\nEND\r\n", "EN\r\n",
    "\r\nquit\r\n", "é", "\u{2028}", "😀",
  ].map { Array($0.utf8) }

  /// Up to `limit` bytes: fragments, letters, and bytes of any kind between them.
  public mutating func bytes(atMost limit: Int) -> [UInt8] {
    let count = Int.random(in: 0...limit, using: &generator)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 32)
    while bytes.count < count {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: bytes += HostileBytes.fragments.randomElement(using: &generator) ?? []
      case 1: bytes.append(UInt8.random(in: 0...255, using: &generator))
      default: bytes += Array("key-\(bytes.count)".utf8)
      }
    }
    return Array(bytes.prefix(count))
  }

  /// What is meant for a key; about half of them can be one. Often as long as keys may be, or a byte longer.
  public mutating func key() -> [UInt8] {
    let limits = [1, 8, 40, 249, 250, 251, 600]
    let raw = bytes(atMost: limits.randomElement(using: &generator) ?? 1)
    if Bool.random(using: &generator) { return raw }
    let letters = raw.filter(HostileBytes.isAllowedInKey)
    let length = [1, 20, 250, 251].randomElement(using: &generator) ?? 1
    return Array((letters + [UInt8](repeating: 0x6B, count: length)).prefix(length))
  }

  /// Whether memcached takes it for a key (protocol.txt, "Keys").
  public static func isKey(_ bytes: [UInt8]) -> Bool {
    1...250 ~= bytes.count && bytes.allSatisfy(isAllowedInKey)
  }

  private static func isAllowedInKey(_ byte: UInt8) -> Bool { byte > 0x20 && byte != 0x7F }
}
