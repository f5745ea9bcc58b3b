// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import DequeModule
import Reactor

/// A request on a connection whose reply is owed. The slot has its own copy of all it needs: the one
/// who asked may be gone when the reply comes.
struct Slot {
  var opaque: UInt64
  var shape: ReplyShape
  /// Whether it concerns a key, and not the whole server.
  var hasKey: Bool
  /// To be compared with that of the reply, where the protocol has replies with a key and no opaque.
  var key: Key?
  var isWrite: Bool
  /// `lateAt` has passed, and that has been counted.
  var isLate = false
  /// The completion outlives the deadline (`Command.mustSettle`).
  var mustSettle = false
  var deadline: Instant
  /// When the server's silence begins to count against it: the node's own timeout after the request came,
  /// however little time its caller had.
  var lateAt: Instant
  /// Where in the stream of written bytes the request begins: tells whether any of it left.
  var streamOffset: UInt64
  /// Nil: nobody waits (noreply), or the deadline passed and the late reply is to be dropped.
  var completion: Completion?
}

/// The protocol side of one connection, without I/O: bytes in, events out. What is impossible traps.
///
///     opening ──answers──► ready ──violation, loss, silence──► closed
///
/// Replies come in the order of the requests, so the oldest slot owns the front of the buffer. In the
/// meta protocol every reply must show the opaque of its slot; anything else ends the connection,
/// because from there on each reply could be another request's.
struct ConnectionState {
  enum Phase {
    case opening(Handshake)
    case ready(ServerIdentity)
    case closed
  }

  /// What one look at the read buffer came to.
  enum Event {
    /// Nothing more in these bytes; look again when there are at least `needed`.
    case needsMore(needed: Int)
    /// The handshake is done.
    case opened(ServerIdentity, length: Int)
    /// A step of the handshake, or a reply that nobody waits for.
    case passed(length: Int)
    /// A step of the handshake that calls for `open` again.
    case asks(length: Int)
    case completed(Completion, Result<Reply, MemcachedError>, length: Int)
    /// Close the connection and fail what is in flight.
    case broken(MemcachedError)
  }

  private(set) var phase: Phase
  private(set) var inFlight = SlotQueue()
  private var partial: PartialValue?
  /// No reply has come in its time since the handshake, or since the last that did not.
  private(set) var isInDoubt = true
  private var nextOpaque: UInt64 = 1
  private let maximumValueLength: Int
  // What each reply needs of the identity, which is too large to be copied out of the phase for each.
  private var isMeta = false
  private var boot: UInt64 = 0

  init(handshake: Handshake, maximumValueLength: Int = 1 << 30) {
    phase = .opening(handshake)
    self.maximumValueLength = maximumValueLength
  }

  // MARK: Requests

  /// Writes what the handshake asks now. Its time is the node's to keep: it covers connecting, too.
  mutating func open(into out: inout ByteBuffer) {
    guard case .opening(let handshake) = phase, inFlight.isEmpty else {
      preconditionFailure("the handshake asks again when all has been answered")
    }
    for question in handshake.questions {
      inFlight.append(
        Slot(
          opaque: 0, shape: question.shape, hasKey: question.key != nil, key: question.key, isWrite: false,
          deadline: .distantFuture, lateAt: .distantFuture, streamOffset: 0, completion: nil))
      out.append(question.bytes)
    }
  }

  /// Writes a command and remembers that its reply is owed.
  mutating func send(
    _ command: Command, deadline: Instant, lateAt: Instant, streamOffset: UInt64, unixTime: Int64,
    completion: Completion?, into out: inout ByteBuffer
  ) {
    guard case .ready = phase else { preconditionFailure("commands are sent on an opened connection only") }
    let opaque = nextOpaque
    nextOpaque &+= 1
    if isMeta {
      MetaEncoder.encode(command, opaque: opaque, unixTime: unixTime, into: &out)
    } else {
      ClassicEncoder.encode(command, unixTime: unixTime, into: &out)
    }
    inFlight.append(
      Slot(
        opaque: opaque, shape: ReplyShape(command.operation), hasKey: command.key != nil,
        key: isMeta ? nil : command.key, isWrite: command.isWrite, mustSettle: command.mustSettle,
        deadline: deadline, lateAt: lateAt, streamOffset: streamOffset, completion: completion))
  }

  /// How many bytes to write next as one piece, of a stream that is written up to `offset` and queued up to
  /// `end`: as many whole requests as fit into `limit`, or a part of one.
  ///
  /// For TLS, whose records memcached does not always read to the end: having read a long value (up to
  /// 1.6.18 at least) it waits for the socket, though what follows in the same record is there already. So
  /// no record holds both the end of a request that began in another one and the next request.
  func pieceLength(from offset: UInt64, to end: UInt64, limit: Int) -> Int {
    func start(_ index: Int) -> UInt64 { index < inFlight.count ? inFlight[index].streamOffset : end }
    var next = firstSlot(behind: offset)
    let isBetweenRequests = next > 0 && start(next - 1) == offset
    while isBetweenRequests, next < inFlight.count, start(next + 1) - offset <= UInt64(limit) { next += 1 }
    return Int(min(start(next) - offset, UInt64(limit)))
  }

  private func firstSlot(behind offset: UInt64) -> Int {
    var (low, high) = (0, inFlight.count)
    while low < high {
      let middle = (low + high) / 2
      if inFlight[middle].streamOffset <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Replies

  /// Looks at the front of the read buffer. The caller consumes `length` and calls again.
  /// - Parameter written: how much of the stream of requests has left.
  mutating func next(_ bytes: UnsafeRawBufferPointer, written: UInt64 = .max) -> Event {
    if bytes.isEmpty { return .needsMore(needed: 1) }
    if partial != nil { return collect(bytes) }
    // Taken out and, seldom, put back: a look at it where it is would copy it.
    guard var slot = inFlight.popFirst() else {
      return .broken(MemcachedError(.protocolViolation, "the server sent bytes that nothing asked for"))
    }
    // A completion may have sent the next request, of which no byte has left: what is here already cannot be
    // its reply, and in the classic protocol nothing else would tell.
    if slot.streamOffset >= written {
      inFlight.prepend(slot)
      return .broken(MemcachedError(.protocolViolation, "the server answered before it was asked"))
    }
    switch decode(bytes, for: slot) {
    case .incomplete(let needed):
      inFlight.prepend(slot)
      return .needsMore(needed: needed)
    case .head(let item, let valueLength, let length, let opaque):
      inFlight.prepend(slot)
      partial = PartialValue(item, length: valueLength, opaque: opaque)
      return .passed(length: length)
    case .reply(let reply, let length, let opaque): return answered(reply, length, opaque, &slot)
    case .failure(let error, let length): return failed(error, length, &slot)
    case .rejected(let error, let length):
      if case .opening = phase { return opening(.failure(error), length) }
      return broken(error, slot)
    case .violation(var error):
      if case .opening(let handshake) = phase, handshake.isSecret { error.serverLine = nil }
      return broken(error, slot)
    }
  }

  // More of a large value, whose slot is still the oldest.
  private mutating func collect(_ bytes: UnsafeRawBufferPointer) -> Event {
    if let taken = partial?.take(from: bytes) { return .passed(length: taken) }
    if bytes.count < 2 { return .needsMore(needed: 2) }
    guard bytes.starts(with: "\r\n".utf8) else {
      return .broken(MemcachedError(.protocolViolation, "a value that is not followed by CRLF"))
    }
    guard let value = partial.take(), var slot = inFlight.popFirst() else {
      preconditionFailure("a value is collected for the oldest slot")
    }
    return answered(.hit(value.item), 2, value.opaque, &slot)
  }

  // The slot fails with all that are in flight.
  private mutating func broken(_ error: MemcachedError, _ slot: Slot) -> Event {
    inFlight.prepend(slot)
    return .broken(error)
  }

  private func decode(_ bytes: UnsafeRawBufferPointer, for slot: Slot) -> Decoded {
    let context = DecodingContext(
      shape: slot.shape, boot: boot, maximumValueLength: maximumValueLength, key: slot.key)
    return isMeta ? MetaDecoder.decode(bytes, context) : ClassicDecoder.decode(bytes, context)
  }

  private mutating func answered(
    _ reply: consuming Reply, _ length: Int, _ opaque: UInt64?, _ slot: inout Slot
  ) -> Event {
    if case .opening = phase { return opening(.success(reply), length) }
    guard opaqueFits(opaque, reply, slot) else {
      let text = "a reply with opaque \(opaque.map(String.init) ?? "none") where \(slot.opaque) was due"
      return broken(MemcachedError(.protocolViolation, text), slot)
    }
    return completed(&slot, .success(reply), length)
  }

  private mutating func failed(_ error: MemcachedError, _ length: Int, _ slot: inout Slot) -> Event {
    if case .opening = phase { return opening(.failure(error), length) }
    return completed(&slot, .failure(error), length)
  }

  private mutating func completed(
    _ slot: inout Slot, _ result: consuming Result<Reply, MemcachedError>, _ length: Int
  ) -> Event {
    if !slot.isLate { isInDoubt = false }
    guard let completion = slot.completion.take() else { return .passed(length: length) }
    return .completed(completion, result, length: length)
  }

  private mutating func opening(_ result: Result<Reply, MemcachedError>, _ length: Int) -> Event {
    guard case .opening(var handshake) = phase else { preconditionFailure("not opening") }
    switch handshake.answered(result) {
    case .more:
      phase = .opening(handshake)
      return .passed(length: length)
    case .ask:
      phase = .opening(handshake)
      return .asks(length: length)
    case .done(let identity):
      phase = .ready(identity)
      isMeta = identity.wireProtocol == .meta
      boot = identity.boot
      return .opened(identity, length: length)
    case .failed(let error): return .broken(error)
    }
  }

  // Commands to whole servers are classic lines without opaque in either protocol; `notNumeric` is an
  // error line, which has none; a miss carries it from 1.6.18 on.
  private func opaqueFits(_ opaque: UInt64?, _ reply: Reply, _ slot: Slot) -> Bool {
    guard isMeta, slot.hasKey else { return true }
    if let opaque { return opaque == slot.opaque }
    switch reply {
    case .notNumeric: return true
    case .miss where slot.shape == .get || slot.shape == .look || slot.shape == .touch:
      guard case .ready(let identity) = phase else { preconditionFailure("not ready") }
      return identity.version.map { $0 < .firstWithOpaqueOnMiss } ?? true
    default: return false
    }
  }

  // MARK: Time

  /// When the next deadline passes: of one who does not wait beyond it, or of the server.
  var nextDeadline: Instant? {
    inFlight.lazy.compactMap { slot in
      slot.completion != nil && !slot.mustSettle ? slot.deadline : slot.isLate ? nil : slot.lateAt
    }.min()
  }

  /// Whether the oldest request has been late for `patience`: then nothing behind it can be answered either.
  func isSilent(now: Instant, patience: Duration) -> Bool {
    inFlight.first.map { $0.lateAt + patience <= now } ?? false
  }

  /// Whether replies can be told from one another when one of them is late.
  var survivesTimeouts: Bool { isMeta }

  /// Takes the completions of requests whose deadline has passed. Their slots stay and wait, without
  /// one who asked, for the late reply, which is then dropped.
  /// - Returns: those, and how many requests the server has become late with since the last look.
  mutating func expire(now: Instant) -> (expired: [(slot: Slot, completion: Completion)], lateCount: Int) {
    var expired: [(slot: Slot, completion: Completion)] = []
    var lateCount = 0
    for index in inFlight.indices where inFlight[index].deadline <= now {
      if !inFlight[index].isLate, inFlight[index].lateAt <= now {
        inFlight[index].isLate = true
        lateCount += 1
      }
      if inFlight[index].mustSettle { continue }
      guard let completion = inFlight[index].completion else { continue }
      inFlight[index].completion = nil
      expired.append((inFlight[index], completion))
    }
    if lateCount > 0 { isInDoubt = true }
    return (expired, lateCount)
  }

  /// Ends the connection and hands over what was in flight.
  mutating func close() -> Deque<Slot> {
    phase = .closed
    partial = nil
    defer { inFlight = SlotQueue() }
    return Deque(inFlight)
  }
}
