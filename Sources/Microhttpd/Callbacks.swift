// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd

// libmicrohttpd's way in. Each callback gets the daemon and the exchange back and calls the method of the
// same name. The context is the daemon, unretained: it outlives its library daemon, because `stop()` ends
// that and has to be called before the last reference goes.
extension Daemon {
  func callbackOptions() -> cmh_daemon_options {
    var options = cmh_daemon_options()
    options.context = Unmanaged.passUnretained(self).toOpaque()
    options.target = { context, target, connection in
      guard let context, let target, let connection else { return nil }
      return withDaemon(context) { $0.announced(target, connection) }
    }
    options.access = { context, connection, url, method, version, data, size, slot in
      guard let context, let connection, let url, let method, let version, let size, let slot,
        let exchange = slot.pointee
      else { return .NO }
      // The slot holds one reference since `announced`; borrowing it keeps this path, taken each run by each
      // waiting exchange, free of counting.
      return Unmanaged<Exchange>.fromOpaque(exchange)._withUnsafeGuaranteedRef { exchange in
        withDaemon(context) { daemon in
          if exchange.stage == .waiting, !exchange.isAnswered, !daemon.givesUp { return .YES }
          let call = AccessCall(
            connection: connection, url: url, method: method, version: version, data: data, size: size)
          return daemon.accessed(exchange, call)
        }
      }
    }
    options.completed = { context, _, slot, code in
      guard let context, let exchange = slot?.pointee else { return }
      slot?.pointee = nil
      // Gives back the reference taken in `announced`.
      let isAnswered = code == completedOK || code == withError
      let ended = Unmanaged<Exchange>.fromOpaque(exchange).takeRetainedValue()
      withDaemon(context) { $0.completed(ended, isAnswered: isAnswered) }
    }
    options.connection = { context, connection, _, event in
      guard let context, let connection else { return }
      let descriptor = cmh_connection_descriptor(connection)
      withDaemon(context) { daemon in
        if event == opened, let session = cmh_tls_session(connection) { daemon.secure(descriptor, session) }
        daemon.connectionChanged(descriptor, isOpen: event == opened)
      }
    }
    return options
  }
}

/// The arguments of one call of the access handler.
struct AccessCall {
  let connection: OpaquePointer
  let url: UnsafePointer<CChar>
  let method: UnsafePointer<CChar>
  let version: UnsafePointer<CChar>
  /// A piece of the body, if `size` says more than 0.
  let data: UnsafePointer<CChar>?
  let size: UnsafeMutablePointer<Int>
}

private let completedOK = MHD_RequestTerminationCode.REQUEST_TERMINATED_COMPLETED_OK
private let withError = MHD_RequestTerminationCode.REQUEST_TERMINATED_WITH_ERROR
private let opened = MHD_ConnectionNotificationCode.CONNECTION_NOTIFY_STARTED

/// Borrows the daemon, which outlives its callbacks, so that none of them counts it.
@inline(__always)
private func withDaemon<Result>(_ context: UnsafeMutableRawPointer, _ body: (Daemon) -> Result) -> Result {
  Unmanaged<Daemon>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
}
