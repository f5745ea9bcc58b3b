// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import DequeModule
import Reactor

/// What a connection tells its node.
protocol ConnectionOwner: AnyObject {
  func opened(_ connection: Connection, _ identity: ServerIdentity)
  /// A request was answered in its time: told of the first after the handshake, and of the first after each
  /// timeout.
  func answered(_ connection: Connection)
  /// So many more requests were not answered in the node's time. It may end the connection.
  func timedOut(_ connection: Connection, _ count: Int)
  /// The connection is closed and what was in flight on it has been failed, but for what `rest` still has.
  func ended(_ connection: Connection, _ cause: MemcachedError, rest: Lingering?)
}

/// Hop 8: one socket to one server. Does the I/O for a `ConnectionState`, which does the thinking.
///
/// All commands of a turn are gathered and leave in one write when the turn ends.
final class Connection: ReadinessWatcher, EndOfTurnTask {
  let loop: EventLoop
  private let nodeName: String
  let transport: Transport
  /// Nil once the connection has ended; an owner ends it before it goes itself. Not weak: that would make
  /// each retain of the owner a slow one.
  private unowned var owner: (any ConnectionOwner)?
  private var state: ConnectionState
  private var input = ByteBuffer()
  private var output = ByteBuffer()
  private var isConnecting = true
  /// Connected, and TLS's handshake is not done.
  private var isSecuring = false
  private var isClosed = false
  /// It was ended because of a late reply: by us, not by the server.
  private(set) var isGivenUp = false
  /// Told the loop to call `turnEnds` in this turn.
  private var isFlushDue = false
  /// The kernel's buffer was full; waiting until the socket is writable.
  private var isBlocked = false
  private var streamQueued: UInt64 = 0
  private var streamWritten: UInt64 = 0
  /// How many bytes the state wants to see before it looks again.
  private var needed = 1
  /// What is read at once. It grows where there is more than that, so that large values and the replies to
  /// many requests take fewer turns.
  private var readSize = ByteBuffer.restingCapacity / 2
  private static let longestRead = 64 << 10

  /// Starts to connect.
  init(
    to address: SocketAddress, security: TransportSecurity?, handshake: Handshake, nodeName: String,
    loop: EventLoop, owner: any ConnectionOwner
  ) throws(MemcachedError) {
    self.loop = loop
    self.nodeName = nodeName
    self.owner = owner
    state = ConnectionState(handshake: handshake)
    transport = try Transport(to: address, security: security)
    do { try loop.watch(transport.descriptor, for: .writable, self) } catch {
      throw MemcachedError(.connectFailed, "\(error)")
    }
  }

  var inFlightCount: Int { state.inFlight.count }
  var unwrittenBytes: Int { output.count }

  // MARK: Requests

  /// Queues a command of an opened connection. `completion` nil: nobody waits for the reply.
  /// - Parameters:
  ///   - deadline: when it fails; not later than `lateAt`.
  ///   - lateAt: when the lack of a reply counts against the server.
  func send(
    _ command: Command, deadline: Instant, lateAt: Instant, unixTime: Int64, completion: Completion?
  ) {
    let before = output.count
    state.send(
      command, deadline: deadline, lateAt: lateAt, streamOffset: streamQueued, unixTime: unixTime,
      completion: completion, into: &output)
    queued(output.count - before)
  }

  private func queued(_ count: Int) {
    streamQueued += UInt64(count)
    if isFlushDue || isBlocked { return }
    isFlushDue = true
    loop.atEndOfTurn(self)
  }

  func turnEnds() {
    isFlushDue = false
    if !isClosed { flush() }
  }

  private func flush() {
    do throws(TransportError) {
      while !output.isEmpty {
        guard case .done(let count) = try transport.write(piece) else { return try block() }
        output.consume(count)
        streamWritten += UInt64(count)
      }
      if isBlocked {
        isBlocked = false
        try wait(for: .readable)
      }
    } catch {
      end(error.cause, isPeerGone: error.isPeerGone)
    }
  }

  private var piece: UnsafeRawBufferPointer {
    guard let limit = transport.longestPiece else { return output.readable }
    let length = state.pieceLength(from: streamWritten, to: streamQueued, limit: limit)
    return UnsafeRawBufferPointer(rebasing: output.readable[..<length])
  }

  private func block() throws(TransportError) {
    if isBlocked { return }
    isBlocked = true
    try wait(for: [.readable, .writable])
  }

  private func wait(for interest: Interest) throws(TransportError) {
    do { try loop.rewatch(transport.descriptor, for: interest) } catch {
      throw TransportError(MemcachedError(.connectionLost, "\(error)"), isPeerGone: true)
    }
  }

  // MARK: Readiness

  func becameReady(_ readiness: Readiness) {
    if isConnecting { return finishConnecting() }
    if isSecuring { return secure() }
    if readiness.isWritable { flush() }
    if !isClosed, readiness.isReadable || readiness.isHangup { receive() }
  }

  private func finishConnecting() {
    if let error = transport.connectError() { return end(MemcachedError(.connectFailed, "\(error)")) }
    isConnecting = false
    isSecuring = true
    secure()
  }

  private func secure() {
    do throws(TransportError) {
      switch try transport.secure() {
      case .waits(let interest): return try wait(for: interest)
      case .done:
        isSecuring = false
        try wait(for: .readable)
      }
    } catch {
      return end(error.cause)
    }
    ask()
  }

  private func ask() {
    let before = output.count
    state.open(into: &output)
    queued(output.count - before)
  }

  private func receive() {
    repeat {
      do throws(TransportError) {
        let room = input.writable(atLeast: max(readSize, needed - input.count))
        switch try transport.read(into: room) {
        case .wouldBlock: return
        case .done(0): return end(endOfStream, isPeerGone: true)
        case .done(let count):
          input.produced(count)
          if count == room.count { readSize = min(readSize * 2, Connection.longestRead) }
        }
      } catch {
        return end(error.cause, isPeerGone: error.isPeerGone)
      }
      process()
    } while !isClosed && transport.hasBufferedInput
  }

  // twemproxy's answer to a command that it does not know is the end of the connection.
  private var endOfStream: MemcachedError {
    var text = "the server closed the connection"
    if case .opening(let handshake) = state.phase, handshake.isUnanswered {
      text += " when it was asked what it is; a proxy needs the protocol `proxy`"
    }
    return MemcachedError(.connectionLost, text)
  }

  // Completions run in here and may send on this connection, or close it.
  private func process() {
    while !isClosed, input.count >= needed {
      let wasInDoubt = state.isInDoubt
      switch state.next(input.readable, written: streamWritten) {
      case .needsMore(let needed):
        self.needed = needed
        return
      case .passed(let length):
        consume(length)
        if wasInDoubt, !state.isInDoubt { owner?.answered(self) }
      case .asks(let length):
        consume(length)
        ask()
      case .opened(let identity, let length):
        consume(length)
        owner?.opened(self, identity)
      case .completed(let completion, let result, let length):
        consume(length)
        if wasInDoubt, !state.isInDoubt { owner?.answered(self) }
        if case .failure(let error) = result {
          completion(.failure(named(error)))
        } else {
          completion(result)
        }
      case .broken(let error): end(error)
      }
    }
  }

  private func consume(_ length: Int) {
    input.consume(length)
    needed = 1
  }

  private func named(_ error: MemcachedError) -> MemcachedError {
    var error = error
    error.node = nodeName
    return error
  }

  // MARK: Time

  var nextDeadline: Instant? { state.nextDeadline }

  /// Fails requests whose deadline has passed. Where a late reply could not be told from the next one
  /// (classic), or when the server has been silent for `patience` beyond a deadline, ends the connection.
  func expire(now: Instant, patience: Duration) {
    let (expired, lateCount) = state.expire(now: now)
    // First, so that one who is told of a timeout and asks again does not wait for an ejected node.
    if lateCount > 0 { owner?.timedOut(self, lateCount) }
    for (slot, completion) in expired {
      completion(.failure(failure(.timedOut, "no answer before the deadline", slot)))
    }
    if isClosed { return }
    let isDistrusted = !expired.isEmpty && !state.survivesTimeouts
    if isDistrusted || state.isSilent(now: now, patience: state.survivesTimeouts ? patience : .zero) {
      isGivenUp = true
      end(MemcachedError(.connectionLost, "the server did not answer in time"))
    }
  }

  // MARK: The end

  /// Says `quit`, where it can be said at once, and closes; what is in flight fails with `.closed`.
  func close() {
    if isClosed { return }
    if !isConnecting, !isSecuring, output.isEmpty { transport.sayGoodbye() }
    end(MemcachedError(.closed, "the client was closed"), isPeerGone: true)
  }

  /// Ends the connection for an owner that is going and is not to be told.
  func abandon() {
    owner = nil
    close()
  }

  /// Ends the connection: the oldest request gets the cause, those behind it that their connection is lost.
  /// - Parameter isPeerGone: the server will do nothing more of what it was sent, or nobody waits for that.
  func end(_ cause: MemcachedError, isPeerGone: Bool = false) {
    if isClosed { return }
    isClosed = true
    var cause = named(cause)
    var slots = state.close()
    let unsettled: Deque<Slot> = isPeerGone ? [] : slots.filter(isUnsettled)
    let rest = unsettled.isEmpty ? nil : Lingering(self, unsettled)
    if rest != nil { slots.removeAll(where: isUnsettled) } else { leave() }
    let owner = self.owner
    self.owner = nil
    owner?.ended(self, cause, rest: rest)
    for slot in slots {
      fail(slot, cause.kind, cause.detail, serverLine: cause.serverLine)
      if cause.kind == .protocolViolation || cause.kind == .rejected {
        cause = named(MemcachedError(.connectionLost, "the connection was closed: \(cause.detail)"))
      }
    }
  }

  private func isUnsettled(_ slot: Slot) -> Bool {
    slot.mustSettle && slot.completion != nil && slot.streamOffset < streamWritten
  }

  /// Lets go of the socket.
  func leave() {
    // Closing the descriptor would unwatch it, too; an error here changes nothing.
    try? loop.unwatch(transport.descriptor)
    transport.shutDown()
  }

  func fail(_ slot: Slot, _ kind: MemcachedError.Kind, _ detail: String, serverLine: String? = nil) {
    slot.completion?(.failure(failure(kind, detail, slot, serverLine: serverLine)))
  }

  // Whether any byte of the request has left decides what can be said of a write.
  private func failure(
    _ kind: MemcachedError.Kind, _ detail: String, _ slot: Slot, serverLine: String? = nil
  ) -> MemcachedError {
    let mayHaveLeft = slot.streamOffset < streamWritten && kind != .rejected
    return MemcachedError(
      kind, detail, serverLine: serverLine, node: nodeName,
      outcome: slot.isWrite && mayHaveLeft ? .unknown : .notApplied)
  }
}
