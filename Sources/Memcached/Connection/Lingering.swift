// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import DequeModule
import Glibc
import Reactor

/// What is left of a connection that we ended while the server may yet do some of what it was sent, for
/// commands that must settle.
///
/// A server that hangs has them in its socket's buffer, and does them whenever it goes on: closing takes
/// nothing back, and neither does a reset, as Linux still hands out what came before it. But one that has read
/// the end of the stream, and closes in turn, has done with all that was before it. So the end is sent, and the
/// server's is waited for.
final class Lingering: ReadinessWatcher {
  /// How long a server's machine may be silent until it is taken for gone, with what it was sent.
  private static let patienceSeconds: Int32 = 20

  var whenSettled: () -> Void = {}
  private let connection: Connection
  private var slots: Deque<Slot>
  private var discarded = ByteBuffer()

  /// Takes over the connection's socket. Nil when the server has closed it already: then they are settled.
  init?(_ connection: Connection, _ slots: Deque<Slot>) {
    self.connection = connection
    self.slots = slots
    let descriptor = connection.transport.descriptor
    do throws(SystemError) {
      try connection.transport.endWriting(patienceSeconds: Lingering.patienceSeconds)
      try connection.loop.unwatch(descriptor)
      try connection.loop.watch(descriptor, for: .readable, self)
    } catch {
      return nil
    }
  }

  func becameReady(_ readiness: Readiness) {
    do throws(SystemError) {
      let room = discarded.writable(atLeast: ByteBuffer.restingCapacity / 2)
      if case .done(0) = try connection.transport.discard(into: room) { settle() }
    } catch {
      settle()
    }
  }

  /// For the end of the client: nobody waits any longer.
  func giveUp() {
    whenSettled = {}
    settle()
  }

  private func settle() {
    connection.leave()
    whenSettled()
    let slots = self.slots
    self.slots = []
    for slot in slots { connection.fail(slot, .connectionLost, "the connection ended without an answer") }
  }
}
