// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

@testable import Memcached

/// A state with its answers, and the completions of the requests that were sent on it.
final class Wire {
  var state: ConnectionState
  var written = ByteBuffer()
  var results: [Int: Result<Reply, MemcachedError>] = [:]
  /// Why the connection would have to be closed.
  var failure: MemcachedError?

  init(choice: ProtocolChoice = .auto, password: String? = nil) {
    let credentials = password.map { try! Credentials(line: $0) }  // a test's own text
    let handshake = Handshake(choice: choice, credentials: credentials, nodeName: "n", bootFallback: 77)
    state = ConnectionState(handshake: handshake)
    state.open(into: &written)
  }

  /// What was written since the last time.
  func takeWritten() -> String {
    defer { written.removeAll() }
    return String(decoding: written.readable, as: UTF8.self)
  }

  func send(
    _ number: Int, _ operation: Command.Operation, deadline: Int64 = 1000, lateAt: Int64? = nil,
    noreply: Bool = false
  ) {
    state.send(
      Command(try! Key("k"), operation, noreply: noreply), deadline: Instant(nanoseconds: deadline),
      lateAt: Instant(nanoseconds: lateAt ?? deadline), streamOffset: 0, unixTime: 0,
      completion: noreply ? nil : { self.results[number] = $0 }, into: &written)
  }

  // What has come and is not consumed yet.
  private var bytes: [UInt8] = []

  /// Feeds text; returns what the last event was, in a word.
  @discardableResult
  func receive(_ text: String) -> String {
    bytes += Array(text.utf8)
    while true {
      switch bytes.withUnsafeBytes({ state.next($0) }) {
      case .needsMore: return "waiting"
      case .opened(let identity, let length):
        bytes.removeFirst(length)
        if bytes.isEmpty { return "opened \(identity.wireProtocol) \(identity.itemSizeMax ?? 0)" }
      case .passed(let length): bytes.removeFirst(length)
      case .asks(let length):
        bytes.removeFirst(length)
        state.open(into: &written)
      case .completed(let completion, let result, let length):
        bytes.removeFirst(length)
        completion(result)
      case .broken(let error):
        failure = error
        return error.word
      }
    }
  }

  static let modern =
    "MN\r\nVERSION 1.6.18\r\nSTAT pid 5\r\nSTAT uptime 9\r\nSTAT time 1009\r\nEND\r\n"
    + "STAT item_size_max 1048576\r\nEND\r\n"
}
