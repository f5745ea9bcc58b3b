// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// Finds chunked bodies that libmicrohttpd 0.9.75 will never read to their end.
///
/// It looks for a chunk's size line in the connection's pool. One that is longer (a chunk extension of 100
/// kB, or as many zeros) fills the pool, and then it neither reads on nor gives up. It wants to run again at
/// once for as long as the idle time lasts, which is a whole processor, and overlooks that the client goes.
///
/// From outside, such a connection has bytes to read in its socket, run after run, and nothing of it comes
/// here.
struct ChunkedUploads {
  /// More runs than it takes to fill the largest pool without a word: so many that are not in vain read a
  /// trailer or a size line that is merely long.
  private static let patience = 64

  /// By descriptor, in how many runs a body has stood still.
  private var standstills: [Int32: Int] = [:]

  var isEmpty: Bool { standstills.isEmpty }

  mutating func begin(_ descriptor: Int32) { standstills[descriptor] = 0 }
  mutating func advance(_ descriptor: Int32) { standstills[descriptor] = 0 }
  mutating func end(_ descriptor: Int32) { standstills[descriptor] = nil }

  /// Looks at all of them after a run; returns those that are stuck.
  mutating func look() -> [Int32] {
    for (descriptor, runs) in standstills {
      standstills[descriptor] = hasUnread(descriptor) ? runs + 1 : 0
    }
    return standstills.filter { $0.value > ChunkedUploads.patience }.map(\.key)
  }

  private func hasUnread(_ descriptor: Int32) -> Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 1
  }
}

extension Daemon {
  /// Ends the connections whose chunked body is stuck.
  func endStuckUploads() {
    if chunkedUploads.isEmpty { return }
    for descriptor in chunkedUploads.look() {
      // Both directions: a hang-up is the one event that the library heeds in this state.
      _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }
  }
}
