// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// What a listening socket serves.
public enum ListenerRole: String, Sendable {
  case data, admin
}

/// A bound, listening socket; its descriptor belongs to one worker, which closes it.
struct Listener: Sendable {
  let descriptor: Int32
  /// Other workers have descriptors of the same socket.
  let isShared: Bool
  /// With the port that the kernel chose where 0 was asked for.
  let address: SocketAddress
  let role: ListenerRole
  var isSecure = false

  var name: String { isSecure ? "https://\(address)" : "\(address)" }
}

/// An address that cannot be listened on, and why.
struct ListenError: Error, CustomStringConvertible {
  let description: String

  init(_ address: some CustomStringConvertible, _ reason: String) {
    description = "cannot listen on \(address): \(reason)"
  }
}

/// All listening sockets of the process, bound before any worker runs, so that a gateway that cannot
/// have all its addresses serves on none.
///
///     TCP     a socket a worker, all on one port (SO_REUSEPORT): the kernel divides the connections
///     unix    one socket, a descriptor a worker
///     passed  by a service manager: as unix, and in the place of all addresses of their role
///     admin   worker 0 alone
struct Listeners {
  /// By worker.
  private(set) var ofWorker: [[Listener]]
  private(set) var files: [UnixSocketFile] = []
  private var isExposureMeant: Bool
  private let asksForCertificates: Bool
  private let sharesPorts: Bool

  init(_ settings: Settings, passed: SocketActivation? = nil) throws(ListenError) {
    ofWorker = Array(repeating: [], count: settings.workers)
    isExposureMeant = settings.insecure || settings.asksWhoCalls
    asksForCertificates = settings.httpsClientAuthorities != nil
    sharesPorts = settings.sharesPorts
    let passed = passed?.sockets ?? []
    do {
      for socket in passed { try take(socket, settings) }
      if !passed.contains(where: { $0.role == .data }) {
        for address in settings.listen { try bind(address, .data, workers: settings.workers) }
      }
      if !passed.contains(where: { $0.role == .admin }) {
        for address in settings.admin { try bind(address, .admin, workers: 1) }
      }
    } catch {
      closeAll()
      throw error
    }
  }

  /// Takes away the unix sockets' files, once nothing listens on them.
  func removeFiles() { for file in files { file.remove() } }

  /// For sockets that no worker has taken over.
  func closeAll() {
    for listener in ofWorker.joined() { close(listener.descriptor) }
    removeFiles()
  }

  private mutating func bind(
    _ address: ListenAddress, _ role: ListenerRole, workers: Int
  ) throws(ListenError) {
    switch address {
    case .unix(let path): try bindUnix(path, role, workers)
    case .tcp(let host, let port): try bindHost(host, port, role, workers)
    case .https(let host, let port): try bindSecure(host, port, role, workers)
    }
  }

  // MARK: Unix

  private mutating func bindUnix(_ path: String, _ role: ListenerRole, _ workers: Int) throws(ListenError) {
    guard let address = SocketAddress(unixPath: path) else { throw ListenError("unix:\(path)", "bad path") }
    do {
      try UnixSocketFile.removeStale(path, address)
      let first = try Socket.listening(on: address).release()
      add(first, address, role, worker: 0, isShared: workers > 1)
      files.append(try UnixSocketFile(path))
      try copy(first, address, role, workers)
    } catch {
      throw ListenError(address, "\(error)")
    }
  }

  /// A descriptor of one socket for each worker but the first, which has the socket's own.
  private mutating func copy(
    _ first: Int32, _ address: SocketAddress, _ role: ListenerRole, _ workers: Int
  ) throws(SystemError) {
    for worker in 1..<max(workers, 1) {
      let copy = try syscall("fcntl") { fcntl(first, F_DUPFD_CLOEXEC, 0) }
      add(copy, address, role, worker: worker, isShared: true)
    }
  }

  // MARK: Passed

  /// One that is bound already; it speaks TLS where the addresses that it stands for do. A unix socket's file is
  /// not ours to remove.
  private mutating func take(_ socket: SocketActivation.Passed, _ settings: Settings) throws(ListenError) {
    let workers = socket.role == .data ? settings.workers : 1
    add(socket.descriptor, socket.address, socket.role, worker: 0, isShared: workers > 1)
    let replaced = socket.role == .data ? settings.listen : settings.admin
    let secureCount = replaced.count { if case .https = $0 { true } else { false } }
    guard secureCount == 0 || secureCount == replaced.count else {
      throw ListenError(
        socket.address, "of the addresses that it stands for, some are https:// and some are not")
    }
    let isSecure = secureCount > 0
    if !(isSecure && asksForCertificates) { try checkExposure([socket.address], name: socket.address) }
    defer { if isSecure { secure(socket.address) } }
    do throws(SystemError) { try copy(socket.descriptor, socket.address, socket.role, workers) } catch {
      throw ListenError(socket.address, "\(error)")
    }
  }

  private mutating func secure(_ address: SocketAddress) {
    for worker in ofWorker.indices {
      for index in ofWorker[worker].indices where ofWorker[worker][index].address == address {
        ofWorker[worker][index].isSecure = true
      }
    }
  }

  // MARK: TCP

  /// A name may stand for several addresses (`localhost`: 127.0.0.1 and ::1). All of them are taken; one
  /// that this machine does not have is passed over while there is another.
  private mutating func bindHost(
    _ host: String, _ port: UInt16, _ role: ListenerRole, _ workers: Int
  ) throws(ListenError) {
    var port = port
    var absent: ListenError?
    var isBound = false
    for found in try lookUp(host, port) {
      let address = found.with(port: port)
      do {
        port = try bindAddress(address, role, workers)
        isBound = true
      } catch  where [EADDRNOTAVAIL, EAFNOSUPPORT].contains(error.code) {
        absent = ListenError(address, "\(error)")
      } catch {
        throw ListenError(address, "\(error)")
      }
    }
    if !isBound, let absent { throw absent }
  }

  private mutating func bindSecure(
    _ host: String, _ port: UInt16, _ role: ListenerRole, _ workers: Int
  ) throws(ListenError) {
    let before = ofWorker.map(\.count)
    let wasMeant = isExposureMeant
    isExposureMeant = wasMeant || asksForCertificates
    defer { isExposureMeant = wasMeant }
    try bindHost(host, port, role, workers)
    for worker in ofWorker.indices {
      for index in before[worker]..<ofWorker[worker].count { ofWorker[worker][index].isSecure = true }
    }
  }

  private func lookUp(_ host: String, _ port: UInt16) throws(ListenError) -> [SocketAddress] {
    let name = ListenAddress.tcp(host: host, port: port)
    let addresses: [SocketAddress]
    switch Resolver.lookUp(host: host, port: port) {
    case .success(let found): addresses = found
    case .failure(let failure): throw ListenError(name, "\(failure)")
    }
    try checkExposure(addresses, name: name)
    return addresses
  }

  /// The settings were checked by name; what the name stands for is known only here.
  private func checkExposure(
    _ addresses: [SocketAddress], name: some CustomStringConvertible
  ) throws(ListenError) {
    if let exposed = addresses.first(where: { !$0.isLoopback }), !isExposureMeant {
      throw ListenError(name, "it is \(exposed), which other machines can reach (see --tokens, --insecure)")
    }
  }

  private mutating func bindAddress(
    _ address: SocketAddress, _ role: ListenerRole, _ workers: Int
  ) throws(SystemError) -> UInt16 {
    if !sharesPorts { try checkIsFree(address) }
    var bound = address
    for worker in 0..<workers {
      let socket = try Socket.listening(on: bound)
      bound = try socket.localAddress()
      add(socket.release(), bound, role, worker: worker, isShared: false)
    }
    return bound.port
  }

  /// With SO_REUSEPORT a second gateway on the same port would start without a word and take a part of
  /// the first one's connections. A bind without that option fails, as it should.
  private func checkIsFree(_ address: SocketAddress) throws(SystemError) {
    if address.port == 0 { return }
    let stream = Int32(SOCK_STREAM.rawValue)
    let probe = Socket(owning: try syscall("socket") { socket(address.family, stream, 0) })
    var yes: Int32 = 1
    let fd = probe.descriptor
    let length = socklen_t(MemoryLayout<Int32>.size)
    try syscall("setsockopt") { setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, length) }
    // As the real one: `[::]` means IPv6 alone and leaves the port of `0.0.0.0` free.
    if address.family == AF_INET6 {
      try syscall("setsockopt") { setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, length) }
    }
    try syscall("bind") { address.withPointer { Glibc.bind(fd, $0, $1) } }
  }

  private mutating func add(
    _ descriptor: Int32, _ address: SocketAddress, _ role: ListenerRole, worker: Int, isShared: Bool
  ) {
    ofWorker[worker].append(
      Listener(descriptor: descriptor, isShared: isShared, address: address, role: role))
  }
}

extension SocketAddress {
  /// An internet address with another port: in both families it is the two bytes behind the family.
  fileprivate func with(port: UInt16) -> SocketAddress {
    var bytes = bytes
    bytes[2] = UInt8(port >> 8)
    bytes[3] = UInt8(truncatingIfNeeded: port)
    return SocketAddress(bytes: bytes)
  }
}
