// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// MD5 (RFC 1321) of a whole message. Spreads keys; protects nothing.
struct MD5: Sendable {
  private var state: (a: UInt32, b: UInt32, c: UInt32, d: UInt32) = (
    0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476
  )

  init(_ message: [UInt8]) {
    message.withUnsafeBytes { message in
      let whole = message.count / 64 * 64
      for offset in stride(from: 0, to: whole, by: 64) { process(message, at: offset) }
      processLast(UnsafeRawBufferPointer(rebasing: message[whole...]), length: message.count)
    }
  }

  /// One of the digest's four words, 0 to 3, read in the byte order of RFC 1321 (low-order byte first).
  func word(_ index: Int) -> UInt32 {
    switch index {
    case 0: state.a
    case 1: state.b
    case 2: state.c
    case 3: state.d
    default: preconditionFailure("a digest has 4 words")
    }
  }

  // RFC 1321 §3.1, §3.2: a one bit, zeros up to 56 modulo 64, the length in bits: one block or two. On the
  // stack, since a key is hashed for each request.
  private mutating func processLast(_ rest: UnsafeRawBufferPointer, length: Int) {
    withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { block in
      let end = rest.count < 56 ? 64 : 128
      block.initializeMemory(as: UInt8.self, repeating: 0)
      block.copyMemory(from: rest)
      block[rest.count] = 0x80
      block.storeBytes(of: UInt64(length * 8).littleEndian, toByteOffset: end - 8, as: UInt64.self)
      for offset in stride(from: 0, to: end, by: 64) { process(UnsafeRawBufferPointer(block), at: offset) }
    }
  }

  // RFC 1321 §3.4.
  private mutating func process(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    var (a, b, c, d) = state
    for step in 0..<64 {
      let (mixed, word) = Self.mix(step, b, c, d)
      let bits = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + word * 4, as: UInt32.self))
      let sum = a &+ mixed &+ bits &+ Self.sines[step]
      let shift = Self.shifts[step / 16 * 4 + step % 4]
      (a, d, c, b) = (d, c, b, b &+ (sum << shift | sum >> (32 - shift)))
    }
    state = (state.a &+ a, state.b &+ b, state.c &+ c, state.d &+ d)
  }

  // The functions F, G, H and I, and the index of the word that the step takes.
  private static func mix(_ step: Int, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> (UInt32, word: Int) {
    switch step / 16 {
    case 0: (b & c | ~b & d, step)
    case 1: (b & d | c & ~d, (5 * step + 1) % 16)
    case 2: (b ^ c ^ d, (3 * step + 5) % 16)
    default: (c ^ (b | ~d), 7 * step % 16)
    }
  }

  private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

  // The table T: the integer part of 2³² times the absolute sine of 1 to 64 radians.
  private static let sines = (1...64).map { UInt32(abs(sin(Double($0))) * 4_294_967_296) }
}
