// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Logging
import Reactor

/// Tells the service manager how the process is, where one asks for it: a datagram of `KEY=VALUE` lines to the
/// socket that `NOTIFY_SOCKET` names (sd_notify(3)). Without that variable nothing is said.
///
///     READY=1 ─► WATCHDOG=1 … ─► RELOADING=1 ─► READY=1 … ─► STOPPING=1
struct ServiceNotifier: Sendable {
  /// nil = nobody asks.
  private let address: SocketAddress?
  /// How often the manager wants to hear that the process still works; nil = not at all.
  let watchdogInterval: Duration?
  private let log: Logger

  init(environment: [String: String], log: Logger) {
    self.log = log
    address = environment["NOTIFY_SOCKET"].flatMap(ServiceNotifier.address)
    if let name = environment["NOTIFY_SOCKET"], address == nil {
      log.warning("bad notify socket", metadata: ["NOTIFY_SOCKET": "\(name)"])
    }
    watchdogInterval = address == nil ? nil : ServiceNotifier.watchdog(environment)
  }

  func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

  /// Followed by `ready` when it is done, whatever came of it.
  func reloading() {
    // By it the manager tells this reload from one before (MONOTONIC_USEC, for Type=notify-reload).
    send("RELOADING=1\nMONOTONIC_USEC=\(ServiceNotifier.monotonicMicroseconds)\nSTATUS=reloading")
  }

  /// - Parameter limit: how long the end may take, lest the manager kills before.
  func stopping(within limit: Duration) {
    send("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=\(limit.wholeMilliseconds * 1_000)")
  }

  func alive() { send("WATCHDOG=1") }

  // MARK: The socket

  private func send(_ text: String) {
    guard let address else { return }
    do throws(SystemError) {
      let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
      let socket = Socket(owning: try syscall("socket") { Glibc.socket(AF_UNIX, type, 0) })
      let fd = socket.descriptor
      try syscall("connect") { address.withPointer { connect(fd, $0, $1) } }
      let count = text.utf8.count
      _ = try syscallIO("send") { Glibc.send(fd, text, count, Int32(MSG_NOSIGNAL)) }
    } catch {
      log.warning("service manager not told", metadata: ["reason": "\(error)"])
    }
  }

  /// A path, or an abstract name behind an `@` (unix(7)).
  private static func address(_ name: String) -> SocketAddress? {
    if name.hasPrefix("/") { return SocketAddress(unixPath: name) }
    guard name.hasPrefix("@") else { return nil }
    return SocketAddress(abstractName: String(name.dropFirst()))
  }

  private static func watchdog(_ environment: [String: String]) -> Duration? {
    // Meant for another process where it names one.
    if let pid = environment["WATCHDOG_PID"], pid != String(getpid()) { return nil }
    guard let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init), microseconds > 0 else {
      return nil
    }
    return .microseconds(microseconds)
  }

  private static var monotonicMicroseconds: Int64 {
    var time = timespec()
    // Cannot fail: this clock is everywhere.
    _ = clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }
}
