// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// Finds chunked bodies that libmicrohttpd 0.9.75 will never read to their end.
///
/// It looks for a chunk's size line in the connection's pool. One that is longer (a chunk extension of 100
/// kB, or as many zeros) fills the pool, and then it neither reads on nor gives up. It wants to run again at
/// once for as long as the connection lasts, which is a whole processor, and overlooks that the client goes.
///
/// From outside, such a connection has bytes in its socket right after each run, although a run reads what
/// there is.
struct ChunkedUploads {
  /// How long that has to be so. A body that moves is read to the next callback, or to the end of the pool,
  /// in less.
  private static let patience = Duration.seconds(1)

  /// By descriptor, since when a body has stood still; nil while it moves.
  private var standstills: [Int32: Instant?] = [:]

  var isEmpty: Bool { standstills.isEmpty }

  /// A body begins, or has moved.
  mutating func advance(_ descriptor: Int32) { standstills[descriptor] = .some(nil) }
  mutating func end(_ descriptor: Int32) { standstills[descriptor] = nil }

  /// Looks at all of them after a run; `isDecrypted` tells of bytes that TLS has taken out of the socket, and
  /// the library not out of TLS. Returns how many stand still, and those that are stuck.
  mutating func look(now: Instant, isDecrypted: (Int32) -> Bool) -> (still: Int, stuck: [Int32]) {
    var (still, stuck) = (0, [Int32]())
    for (descriptor, since) in standstills {
      guard hasUnread(descriptor) || isDecrypted(descriptor) else {
        advance(descriptor)
        continue
      }
      still += 1
      standstills[descriptor] = since ?? now
      if let since, now - since >= ChunkedUploads.patience { stuck.append(descriptor) }
    }
    return (still, stuck)
  }

  private func hasUnread(_ descriptor: Int32) -> Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 1
  }
}

extension Daemon {
  /// After a run: ends the connections whose chunked body is stuck. Returns how many stand still, be it for
  /// this one run: their word that the library wants to run again counts as little as that of exchanges that
  /// wait.
  func endStuckUploads() -> Int {
    if chunkedUploads.isEmpty { return 0 }
    let (still, stuck) = chunkedUploads.look(now: loop.now, isDecrypted: hasDecrypted)
    for descriptor in stuck {
      // Both directions: a hang-up is the one event that the library heeds in this state.
      _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }
    return still
  }
}
