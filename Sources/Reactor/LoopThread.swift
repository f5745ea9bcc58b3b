// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CLinux
import Glibc

/// A value bound to a loop's thread that has to travel through a `Sendable` closure and back.
///
/// `@unchecked Sendable` because the value is only ever touched in `use(_:)`, which is called from
/// letters of the loop's mailbox and traps in debug builds on any other thread.
public struct LoopBound<Value>: @unchecked Sendable {
  private let value: Value
  private let loop: EventLoop

  public init(_ value: Value, on loop: EventLoop) {
    self.value = value
    self.loop = loop
  }

  /// The value; only on the loop's thread.
  public func use() -> Value {
    loop.assertOnLoop()
    return value
  }

  /// Runs `body` with the value on the loop's thread. False when the loop has ended.
  @discardableResult
  public func post(_ body: @escaping @Sendable (Value) -> Void) -> Bool {
    loop.mailbox.post { body(use()) }
  }
}

/// Starts a thread that runs `body` and is never joined. The name is cut to the kernel's 15 bytes.
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
  final class Box {
    let name: String
    let body: @Sendable () -> Void
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
  let box = Unmanaged.passRetained(Box(name, body))
  var thread = pthread_t()
  let code = pthread_create(
    &thread, nil,
    { argument in
      // The argument is the box passed below, and pthread_create hands it over unchanged.
      let box = Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
      _ = cf_name_this_thread(String(box.name.prefix(15)))
      box.body()
      return nil
    }, box.toOpaque())
  if code != 0 {
    box.release()
    throw SystemError(call: "pthread_create", code: code)
  }
  pthread_detach(thread)
}
