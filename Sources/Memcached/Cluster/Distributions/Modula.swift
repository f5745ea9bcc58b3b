// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// libmemcached's default: the one-at-a-time hash of the key modulo the number of nodes. The order of the
/// nodes is all that counts; one more or less moves nearly every key.
struct Modula: Ring {
  let nodeCount: Int

  func node(for key: Key) -> Int { Int(jenkinsOneAtATime(key.bytes)) % nodeCount }
}
