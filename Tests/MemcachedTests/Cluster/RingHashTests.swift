// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Memcached

/// The hashes, by the vectors that their authors published.
@Suite struct RingHashTests {
  @Test(
    "MD5 as in RFC 1321, A.5",
    arguments: [
      ("", "d41d8cd98f00b204e9800998ecf8427e"),
      ("a", "0cc175b9c0f1b6a831c399e269772661"),
      ("abc", "900150983cd24fb0d6963f7d28e17f72"),
      ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
      ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
      (
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "d174ab98d277d9f5a5611c2c9f419d9f"
      ),
      (
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "57edf4a22be3c955ac49da2e2107b67a"
      ),
    ])
  func md5(text: String, digest: String) {
    let hash = MD5(Array(text.utf8))
    #expect((0..<4).map { hexadecimal(hash.word($0).byteSwapped) }.joined() == digest)
  }

  // Lengths at which the padding takes one block more, or the message ends with a block.
  @Test(
    "MD5 of a key of any length",
    arguments: [
      (55, "ef1772b6dff9a122358552954ad0df65"), (56, "3b0c8ac703f828b04c6c197006d17218"),
      (63, "b06521f39153d618550606be297466d5"), (64, "014842d480b571495a4a0363793f7367"),
      (119, "8a7bd0732ed6a28ce75f6dabc90e1613"), (128, "e510683b3f5ffe4093d021808bc6ff70"),
      (250, "1bdbdf1c9087c796394bcda5789f7206"),
    ])
  func md5OfLength(length: Int, digest: String) {
    let hash = MD5(Array(repeating: UInt8(ascii: "a"), count: length))
    #expect((0..<4).map { hexadecimal(hash.word($0).byteSwapped) }.joined() == digest)
  }

  @Test(
    "CRC-32, with the check value of its catalogue",
    arguments: [("", 0), ("123456789", 0xCBF4_3926), ("a", 0xE8B7_BE43)] as [(String, UInt32)])
  func crc(text: String, sum: UInt32) { #expect(crc32(Array(text.utf8)) == sum) }

  @Test(
    "the lower half of 64-bit FNV-1a",
    arguments: [("", 0x8422_2325), ("a", 0x8601_EC8C), ("foobar", 0xF739_67E8)] as [(String, UInt32)])
  func fnv(text: String, hash: UInt32) { #expect(fnv1a64Low(Array(text.utf8)) == hash) }

  @Test(
    "Jenkins' one-at-a-time",
    arguments: [
      ("a", 0xCA2E_9442), ("The quick brown fox jumps over the lazy dog", 0x519E_91F5),
    ] as [(String, UInt32)])
  func oneAtATime(text: String, hash: UInt32) { #expect(jenkinsOneAtATime(Array(text.utf8)) == hash) }

  @Test(
    "MurmurHash3 of 32 bits",
    arguments: [
      ("", 0), ("hello", 0x248B_FA47), ("hello, world", 0x149B_BB7F),
      ("The quick brown fox jumps over the lazy dog", 0x2E4F_F723),
    ] as [(String, UInt32)])
  func murmur(text: String, value: UInt32) {
    var hash = Murmur3()
    for byte in text.utf8 { hash.update(byte) }
    #expect(hash.value == value)
  }

  private func hexadecimal(_ word: UInt32) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
