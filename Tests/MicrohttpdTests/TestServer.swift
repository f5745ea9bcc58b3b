// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Dispatch
import Glibc
import Reactor

@testable import Microhttpd

/// A daemon with a scripted handler, on a loop and a thread of its own.
///
/// `@unchecked Sendable` because all that is not a constant is touched on the loop's thread only.
final class TestServer: @unchecked Sendable {
  let loop: EventLoop
  let handler: ScriptedHandler
  let daemon: Daemon
  let address: SocketAddress
  private let ended = DispatchSemaphore(value: 0)
  private let listener: Int32

  /// Listens on 127.0.0.1 (a free port, or that of `sharing`), or on a unix socket.
  init(
    limits: Daemon.Limits = .init(), unixPath: String? = nil, sharing port: UInt16 = 0,
    addressLimit: AddressLimit? = nil
  ) throws {
    raiseDescriptorLimit()
    loop = try EventLoop()
    handler = ScriptedHandler(loop: loop, bodyLimit: limits.body)
    daemon = try Daemon(loop: loop, limits: limits, handler: handler)
    daemon.addressLimit = addressLimit
    let loopback = SocketAddress(numericHost: "127.0.0.1", port: port)!
    let socket = try Socket.listening(on: unixPath.flatMap(SocketAddress.init(unixPath:)) ?? loopback)
    address = try socket.localAddress()
    listener = socket.release()
    try daemon.listen(listener, isShared: unixPath != nil)
    let run = LoopBound((loop, ended), on: loop)
    try startThread(named: "test-server") {
      let (loop, ended) = run.use()
      // A loop that fails leaves the test's clients without answers, which they report.
      try? loop.run()
      ended.signal()
    }
  }

  /// Runs `body` on the loop's thread and returns what it returns.
  func onLoop<Result: Sendable>(_ body: @escaping @Sendable (TestServer) -> Result) -> Result {
    let box = Box<Result>()
    loop.mailbox.post {
      box.value = body(self)
      box.filled.signal()
    }
    box.filled.wait()
    return box.value!
  }

  /// Keeps the loop from turning while `body` runs.
  func holdingUp(_ body: () throws -> Void) rethrows {
    let (isHeld, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    loop.mailbox.post {
      isHeld.signal()
      goOn.wait()
    }
    isHeld.wait()
    defer { goOn.signal() }
    try body()
  }

  /// Waits until `condition` holds on the loop's thread, asked once a millisecond; false after 10 s.
  func reaches(_ condition: @escaping @Sendable (TestServer) -> Bool) -> Bool {
    for _ in 0..<10_000 {
      if onLoop(condition) { return true }
      usleep(1000)
    }
    return false
  }

  func stop() {
    onLoop { server in
      server.daemon.stop()
      server.loop.stop()
    }
    ended.wait()
    close(listener)
  }

  // `@unchecked Sendable` because the semaphore orders the one write before the one read.
  private final class Box<Value>: @unchecked Sendable {
    var value: Value?
    let filled = DispatchSemaphore(value: 0)
  }
}

/// Does what the request target says.
final class ScriptedHandler: ExchangeHandler {
  private let loop: EventLoop
  private let bodyLimit: Int
  /// Exchanges of `/wait`, in order, until they are released.
  var held: [Exchange] = []
  /// All exchanges ever handled that are still alive.
  private var seen: [WeakExchange] = []
  var liveCount: Int { seen.count { $0.exchange != nil } }
  private(set) var handledCount = 0
  private(set) var faults: [RequestFault] = []

  private struct WeakExchange { weak var exchange: Exchange? }

  init(loop: EventLoop, bodyLimit: Int) {
    self.loop = loop
    self.bodyLimit = bodyLimit
  }

  func admit(_ exchange: Exchange) -> Response? {
    if exchange.rawTarget.starts(with: Array("/forbidden".utf8)) { return Response(status: 403) }
    if (exchange.contentLength ?? 0) <= bodyLimit { return nil }
    return Response(status: 413, body: Array("too large".utf8))
  }

  func refuse(_ exchange: Exchange, _ fault: RequestFault) -> Response {
    faults.append(fault)
    if case .bodyTooLarge = fault { return Response(status: 413, body: Array("grew too large".utf8)) }
    if [.outOfTime, .noBodyMemory].contains(fault) { return Response(status: 503) }
    return Response(status: fault == .unknownExpectation ? 417 : 400)
  }

  func turnAway(_ exchange: Exchange) -> Response? {
    exchange.rawTarget.starts(with: Array("/release".utf8)) ? nil : Response(status: 503)
  }

  func handle(_ exchange: Exchange) {
    handledCount += 1
    seen.removeAll { $0.exchange == nil }
    seen.append(WeakExchange(exchange: exchange))
    let parts = String(decoding: exchange.rawTarget, as: UTF8.self).split(separator: "/")
    switch parts.first {
    case "wait": held.append(exchange)
    case "release":
      release()
      exchange.answer(Response(status: 200))
    case "later":
      let delay = Duration.milliseconds(Int(parts[1])!)
      loop.schedule(after: delay) { exchange.answer(Response(status: 200, body: exchange.rawTarget)) }
    case "big":
      exchange.answer(Response(status: 200, body: [UInt8](repeating: 0x61, count: Int(parts[1])!)))
    case "size": exchange.answer(Response(status: 200, body: Array("\(exchange.body.count)".utf8)))
    case "status": exchange.answer(Response(status: Int(parts[1])!, body: Array("body".utf8)))
    case "header": exchange.answer(echoHeaders(exchange))
    case "close": exchange.answer(Response(status: 200, closesConnection: true))
    case "split": exchange.answer(Response(status: 200, headers: [("X-A", "b\r\nX-C: d")], body: [1]))
    default:
      let body = exchange.body.isEmpty ? exchange.rawTarget : exchange.body
      exchange.answer(Response(status: 200, headers: [("Content-Type", "text/plain")], body: body))
    }
  }

  private func echoHeaders(_ exchange: Exchange) -> Response {
    let first = exchange.header("x-test") ?? "none"
    let all = exchange.headers("X-TEST").joined(separator: "|")
    return Response(status: 200, headers: [("X-First", first)], body: Array("\(exchange.method) \(all)".utf8))
  }

  /// Answers all that wait, with their targets.
  func release() {
    for exchange in held { exchange.answer(Response(status: 200, body: exchange.rawTarget)) }
    held = []
  }
}

private func raiseDescriptorLimit() {
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = min(limit.rlim_max, 16_384)
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
