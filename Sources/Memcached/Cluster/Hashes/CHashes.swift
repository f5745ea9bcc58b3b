// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Two hashes as C programs have them that read the key through a `char *`. Where `char` has a sign, as on
// x86, a byte ≥ 0x80 is widened to 32 bits with ones above it, and not as the inventors have it. So do we,
// on every machine: the cluster's other clients decide, and they mostly run on x86.

/// The lower 32 bits of 64-bit FNV-1a (draft-eastlake-fnv), which is what twemproxy calls `fnv1a_64`.
func fnv1a64Low(_ bytes: [UInt8]) -> UInt32 {
  // Of a product the lower half depends on the lower halves of the factors alone.
  bytes.reduce(0x8422_2325) { hash, byte in (hash ^ widened(byte)) &* 0x01B3 }
}

/// Bob Jenkins' one-at-a-time, libmemcached's default.
func jenkinsOneAtATime(_ bytes: [UInt8]) -> UInt32 {
  var hash: UInt32 = 0
  for byte in bytes {
    hash &+= widened(byte)
    hash &+= hash << 10
    hash ^= hash >> 6
  }
  hash &+= hash << 3
  hash ^= hash >> 11
  hash &+= hash << 15
  return hash
}

@inline(__always)
private func widened(_ byte: UInt8) -> UInt32 { UInt32(truncatingIfNeeded: Int8(bitPattern: byte)) }
