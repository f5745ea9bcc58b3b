// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// A completion that does not wait for ever: it is called once, with what comes first, a value or the
/// deadline. For waits that are rare; those on a node are its own to end.
final class Timely<Value> {
  private var completion: ((Value) -> Void)?
  private var timer: EventLoop.Timer?

  init(_ completion: @escaping (Value) -> Void) { self.completion = completion }

  /// Sets the deadline; when it passes, the value is `late()`.
  func start(by deadline: Instant, on loop: EventLoop, late: @escaping () -> Value) {
    timer = loop.schedule(at: deadline) { self.end(with: late()) }
  }

  func end(with value: Value) {
    timer?.cancel()
    guard let completion else { return }
    self.completion = nil
    completion(value)
  }
}
