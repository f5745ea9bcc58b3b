// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc

/// The way of a request through the access handler. libmicrohttpd calls it when the head is known, for each
/// piece of the body, and when all is there; from then on in each run until an answer is queued:
///
///     announced ──head──► receiving ──end──► waiting ──answer──► sending ──► completed
///                   │         │ too large        ▲
///                   │         └─► discarding ────┘ (413)
///                   └─ malformed, or refused with its body still to come ──► sending, then closed
extension Daemon {
  /// How many times the limit a chunked body may grow while it is being dropped.
  private static let discardFactor = 4

  /// A request line is here. Returns the exchange, retained for the slot that comes with every later call.
  func announced(_ target: UnsafePointer<CChar>, _ connection: OpaquePointer) -> UnsafeMutableRawPointer {
    let exchange = Exchange(target: target, connection: connection, daemon: self)
    if isSecure { leaveHandshake(exchange.descriptor) }
    connections.begin(exchange.descriptor)
    hideQuery(target)
    return Unmanaged.passRetained(exchange).toOpaque()
  }

  func accessed(_ exchange: Exchange, _ call: AccessCall) -> MHD_Result {
    switch exchange.stage {
    case .announced:
      return receiveHead(exchange, call)
    case .receiving where call.size.pointee > 0, .discarding where call.size.pointee > 0:
      return receiveBody(exchange, call)
    case .receiving, .discarding:
      return receiveEnd(exchange, call.connection)
    case .waiting:
      if !exchange.isAnswered { giveUp(exchange) }
      return queue(exchange, call.connection)
    case .sending:
      return .YES
    }
  }

  func completed(_ exchange: Exchange, isAnswered: Bool) {
    // Answered by the library itself; so it calls a head that the sweep has cut off, too.
    if isAnswered, exchange.stage == .announced, !connections.isOverdue(exchange.descriptor) {
      counters.headRefusals += 1
    }
    let hasWaited = exchange.stage == .waiting && !exchange.isAnswered
    if hasWaited {
      waiting -= 1
      handler.wasAbandoned(exchange)
    }
    if exchange.isChunked { chunkedUploads.end(exchange.descriptor) }
    exchange.end()
    connections.end(exchange.descriptor)
    if hasWaited { whenFewerWait?() }
    if drain?.endsIdle == true { endIdleConnection(exchange.descriptor) }
  }

  // MARK: The calls

  /// Keeps the library from taking the query apart, which nobody asks it for: it would keep a record of each
  /// argument, and 0.9.75 answers nothing at all once these have filled the connection's pool.
  ///
  /// It cuts the query off next, at the `?`, and reads arguments until a NUL: from here on there are none.
  /// The bytes are those of its own buffer, lent as a `const char *`.
  private func hideQuery(_ target: UnsafePointer<CChar>) {
    if let mark = strchr(target, Int32(UInt8(ascii: "?"))) { mark[1] = 0 }
  }

  private func receiveHead(_ exchange: Exchange, _ call: AccessCall) -> MHD_Result {
    exchange.stage = .receiving
    exchange.method = Method(call.method)
    if let fault = check(exchange, call) {
      exchange.answer(refusal(exchange, fault))
      return queue(exchange, call.connection)
    }
    if let response = handler.admit(exchange) {
      if response.status == 413 { counters.bodyRefusals += 1 }
      exchange.answer(response)
    } else if exchange.hasBody, !exchange.isAnswered {
      admitBody(of: exchange)
    }
    // A response queued in this call ends the connection, which is right when a body is to come. Without
    // one the next call follows at once, and the connection stays.
    if exchange.isAnswered && exchange.hasBody { return queue(exchange, call.connection) }
    if exchange.isChunked { chunkedUploads.advance(exchange.descriptor) }
    if exchange.hasBody { connections.receive(exchange.descriptor) }
    return .YES
  }

  /// Refuses a body that could not be taken, before it is on the way.
  private func admitBody(of exchange: Exchange) {
    let length = exchange.contentLength ?? 0
    if length > limits.body {
      exchange.answer(refusal(exchange, .bodyTooLarge(limit: limits.body)))
    } else if waiting >= limits.inFlight, let response = handler.turnAway(exchange) {
      counters.inFlightRefusals += 1
      exchange.answer(response)
    } else if !hasBodyMemory(for: length) {
      exchange.answer(refusal(exchange, .noBodyMemory))
    }
  }

  /// One body alone always has.
  private func hasBodyMemory(for count: Int) -> Bool {
    bodyMemory == 0 || bodyMemory + count <= limits.bodyMemory
  }

  /// Runs the guard over the head; returns why the request is refused.
  private func check(_ exchange: Exchange, _ call: AccessCall) -> RequestFault? {
    var requestGuard = RequestGuard(
      method: call.method, url: call.url, target: exchange.rawTarget, version: call.version,
      trimsValues: cmh_trims_header_values() != 0)
    withUnsafeMutablePointer(to: &requestGuard) { requestGuard in
      _ = MHD_get_connection_values_n(
        call.connection, .HEADER_KIND,
        { context, _, name, nameLength, value, length in
          // The context is `requestGuard`, passed below; a field always has a name and a value.
          guard let context, let name, let value else { return .YES }
          let requestGuard = context.assumingMemoryBound(to: RequestGuard.self)
          requestGuard.pointee.field(name: name, nameLength, value: value, length)
          return .YES
        }, requestGuard)
    }
    requestGuard.finish(headerSize: cmh_header_size(call.connection))
    exchange.fieldNames = requestGuard.names
    exchange.contentLength = requestGuard.contentLength
    exchange.isChunked = requestGuard.isChunked
    if let reason = requestGuard.fault { return .malformed("\(reason)") }
    return requestGuard.expectsOther ? .unknownExpectation : nil
  }

  private func receiveBody(_ exchange: Exchange, _ call: AccessCall) -> MHD_Result {
    runs.noteBody()
    if exchange.isChunked { chunkedUploads.advance(exchange.descriptor) }
    let count = call.size.pointee
    call.size.pointee = 0
    let (total, overflow) = exchange.receivedCount.addingReportingOverflow(count)
    exchange.receivedCount = total
    connections.received(exchange.descriptor, total: total)
    if overflow || total / Daemon.discardFactor > limits.body {
      // It does not stop sending and has had its chance to read a 413: end the connection.
      return .NO
    }
    if exchange.isAnswered || exchange.stage == .discarding { return .YES }
    if total > limits.body {
      discard(exchange, as: .bodyTooLarge(limit: limits.body))
    } else if let data = call.data {
      keep(data, count, for: exchange)
    }
    return .YES
  }

  private func discard(_ exchange: Exchange, as fault: RequestFault) {
    exchange.stage = .discarding
    exchange.discarded = fault
    exchange.dropBody()
  }

  private func keep(_ data: UnsafePointer<CChar>, _ count: Int, for exchange: Exchange) {
    let held = exchange.body.capacity
    exchange.append(data, count, limit: limits.body)
    let more = exchange.body.capacity - held
    if more == 0 { return }
    exchange.bodyMemory += more
    bodyMemory += more
    let isAlone = bodyMemory == exchange.bodyMemory
    if !isAlone, bodyMemory > limits.bodyMemory { discard(exchange, as: .noBodyMemory) }
  }

  private func receiveEnd(_ exchange: Exchange, _ connection: OpaquePointer) -> MHD_Result {
    if exchange.isChunked { chunkedUploads.end(exchange.descriptor) }
    if let fault = exchange.discarded, !exchange.isAnswered { exchange.answer(refusal(exchange, fault)) }
    if !exchange.isAnswered {
      exchange.notes.begun = loop.now
      handle(exchange)
    }
    if exchange.isAnswered { return queue(exchange, connection) }
    exchange.stage = .waiting
    connections.wait(exchange.descriptor)
    waiting += 1
    return .YES
  }

  private func handle(_ exchange: Exchange) {
    if waiting >= limits.inFlight, let response = handler.turnAway(exchange) {
      counters.inFlightRefusals += 1
      return exchange.answer(response)
    }
    handler.handle(exchange)
  }

  // MARK: Answers

  /// An exchange that waited has been answered: the next run queues it.
  func noteAnswer() {
    waiting -= 1
    runs.hasAnswers = true
    whenFewerWait?()
  }

  private func refusal(_ exchange: Exchange, _ fault: RequestFault) -> Response {
    switch fault {
    case .noBodyMemory: counters.bodyMemoryRefusals += 1
    case .bodyTooLarge: counters.bodyRefusals += 1
    case .malformed, .unknownExpectation, .outOfTime: break
    }
    var response = handler.refuse(exchange, fault)
    response.closesConnection = true
    return response
  }

  /// Hands the answer over. A chunked request's connection is closed behind it: libmicrohttpd reads chunk
  /// framing leniently and out of sight, so where the next request begins cannot be trusted.
  private func queue(_ exchange: Exchange, _ connection: OpaquePointer) -> MHD_Result {
    runs.noteQueued()
    exchange.stage = .sending
    connections.send(exchange.descriptor, bytes: exchange.answerLength)
    guard let (status, object) = exchange.makeResponseObject(closing: exchange.isChunked || isClosing) else {
      return .NO
    }
    defer { MHD_destroy_response(object) }
    return MHD_queue_response(connection, status, object)
  }
}

extension Exchange {
  /// Keeps a piece of the body. What has arrived vouches for the rest: an announced length alone reserves
  /// nothing, or many clients announcing 8 MiB and sending nothing would hold the memory.
  fileprivate func append(_ data: UnsafePointer<CChar>, _ count: Int, limit: Int) {
    let total = body.count + count
    if total > body.capacity {
      body.reserveCapacity(min(contentLength ?? limit, max(64 << 10, total * 4)))
    }
    body.append(contentsOf: UnsafeRawBufferPointer(start: data, count: count))
  }
}
