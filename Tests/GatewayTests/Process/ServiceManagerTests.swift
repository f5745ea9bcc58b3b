// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Logging
import Reactor
import Testing

@testable import Gateway

/// The service manager's side: what it is told, what it passes.
@Suite struct ServiceManagerTests {
  private let manager: PretendManager
  private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init() throws { manager = try PretendManager() }

  private func notifier(_ more: [String: String] = [:]) -> ServiceNotifier {
    let environment = ["NOTIFY_SOCKET": "@\(manager.name)"].merging(more) { $1 }
    return ServiceNotifier(environment: environment, log: log)
  }

  // MARK: What it is told

  @Test("the manager is told of the start, a reload and the end, each in one datagram")
  func theManagerIsToldOfTheStartAReloadAndTheEndEachInOneDatagram() throws {
    notifier().ready("serving")
    #expect(manager.message() == "READY=1\nSTATUS=serving")
    notifier().reloading()
    let reload = try #require(manager.message())
    #expect(reload.wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+\nSTATUS=reloading/) != nil)
    notifier().stopping(within: .milliseconds(1_500))
    #expect(manager.message() == "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=1500000")
  }

  @Test("a manager's socket may have a path") func aManagersSocketMayHaveAPath() throws {
    let path = "/tmp/notify-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    let address = try #require(SocketAddress(unixPath: path))
    let manager = try PretendManager(address)
    defer { unlink(path) }
    ServiceNotifier(environment: ["NOTIFY_SOCKET": path], log: log).ready("serving")
    #expect(manager.message() == "READY=1\nSTATUS=serving")
  }

  @Test(
    "the watchdog's interval counts for this process alone",
    arguments: [
      (["WATCHDOG_USEC": "3000000"], Duration.seconds(3)),
      (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "\(getpid())"], .seconds(3)),
      (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"], nil),
      (["WATCHDOG_USEC": "0"], nil), (["WATCHDOG_USEC": "often"], nil), ([:], nil),
    ] as [([String: String], Duration?)])
  func theWatchdogsIntervalCountsForThisProcessAlone(
    _ environment: [String: String], _ interval: Duration?
  ) {
    #expect(notifier(environment).watchdogInterval == interval)
  }

  @Test("the watchdog tells that the process works only once every worker has answered")
  func theWatchdogTellsThatTheProcessWorksOnlyOnceEveryWorkerHasAnswered() async throws {
    let settings = try Settings.resolve(flags: [.workers: ["2"]])
    let factory = try NodeFactory(settings)
    var threads: [WorkerThread] = []
    for index in 0..<2 {
      threads.append(
        try await WorkerThread.start(
          index: index, settings: settings, listeners: [], factory: factory, log: log))
    }
    let notifier = notifier(["WATCHDOG_USEC": "30000"])
    let watchdog = Task { [threads] in await Watchdog(threads, notifier).run() }
    for _ in 0..<3 { #expect(manager.message() == "WATCHDOG=1") }
    // The second worker's loop hangs in a letter until the pipe ends.
    let (readEnd, writeEnd) = try openPipe()
    threads[1].worker.post { _ in
      var byte: UInt8 = 0
      _ = read(readEnd, &byte, 1)
    }
    // Those that were told before it hung; then none.
    while manager.message(withinMilliseconds: 0) != nil {}
    _ = manager.message(withinMilliseconds: 200)
    #expect(manager.message(withinMilliseconds: 200) == nil)
    close(writeEnd)
    #expect(manager.message() == "WATCHDOG=1")
    watchdog.cancel()
    await watchdog.value
    for thread in threads { await thread.end(deadline: .current()) }
  }

  // MARK: What it passes

  /// The environment of a process that is passed `names`, and no other.
  private func environment(_ count: Int, _ names: String? = nil, pid: pid_t = getpid()) -> [String: String] {
    var environment = ["LISTEN_PID": "\(pid)", "LISTEN_FDS": "\(count)"]
    environment["LISTEN_FDNAMES"] = names
    return environment
  }

  private func listening() throws -> Int32 {
    let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
    return try Socket.listening(on: address).release()
  }

  @Test("a passed socket takes the place of the addresses of its role, and every worker has a descriptor")
  func aPassedSocketTakesThePlaceOfTheAddressesOfItsRole() throws {
    let passed = try SocketActivation(environment: environment(1, "data"), first: try listening())
    var settings = Settings()
    settings.workers = 3
    settings.admin = []
    // Cannot be bound, and is not.
    settings.listen = [.unix(path: "/nowhere/x.sock")]
    let listeners = try Listeners(settings, passed: passed)
    defer { listeners.closeAll() }
    #expect(listeners.ofWorker.map(\.count) == [1, 1, 1])
    #expect(Set(listeners.ofWorker.flatMap { $0.map(\.descriptor) }).count == 3)
    #expect(Set(listeners.ofWorker.flatMap { $0.map(\.address) }) == Set(passed.sockets.map(\.address)))
    #expect(listeners.ofWorker.joined().allSatisfy { $0.isShared })
  }

  @Test("a passed socket speaks TLS where the addresses that it stands for do, and is refused where some do")
  func aPassedSocketSpeaksTLSWhereTheAddressesThatItStandsForDo() throws {
    let secure = ListenAddress.https(host: "127.0.0.1", port: 0)
    let plain = ListenAddress.tcp(host: "127.0.0.1", port: 0)
    var settings = Settings()
    settings.workers = 2
    settings.admin = []
    for (addresses, isSecure) in [([secure], true), ([plain], false)] {
      settings.listen = addresses
      let passed = try SocketActivation(environment: environment(1, "data"), first: try listening())
      let listeners = try Listeners(settings, passed: passed)
      defer { listeners.closeAll() }
      #expect(listeners.ofWorker.flatMap { $0.map(\.isSecure) } == [isSecure, isSecure])
    }
    settings.listen = [secure, plain]
    let passed = try SocketActivation(environment: environment(1, "data"), first: try listening())
    #expect(throws: ListenError.self) { try Listeners(settings, passed: passed) }
  }

  @Test("a passed admin socket is worker 0's, and the data addresses are bound")
  func aPassedAdminSocketIsWorker0SAndTheDataAddressesAreBound() throws {
    let passed = try SocketActivation(environment: environment(1, "admin"), first: try listening())
    var settings = Settings()
    settings.workers = 2
    settings.listen = [.tcp(host: "127.0.0.1", port: 0)]
    let listeners = try Listeners(settings, passed: passed)
    defer { listeners.closeAll() }
    #expect(listeners.ofWorker.map { $0.map(\.role) } == [[.admin, .data], [.data]])
  }

  @Test("what is meant for another process is left alone")
  func whatIsMeantForAnotherProcessIsLeftAlone() throws {
    let others = try SocketActivation(environment: environment(1, "data", pid: 1))
    #expect(others.sockets.isEmpty)
    let none = try SocketActivation(environment: [:])
    #expect(none.sockets.isEmpty)
  }

  @Test("without names all are for data") func withoutNamesAllAreForData() throws {
    let descriptor = try listening()
    defer { close(descriptor) }
    let passed = try SocketActivation(environment: environment(1), first: descriptor)
    #expect(passed.sockets.map(\.role) == [.data])
  }

  @Test(
    "what cannot be listened on is refused with the reason",
    arguments: [
      ("crossfade.socket", "is to be data or admin"), ("data:admin", "2 names for 1 sockets"),
    ])
  func namesAreChecked(_ names: String, _ reason: String) throws {
    let descriptor = try listening()
    defer { close(descriptor) }
    let error = #expect(throws: ListenError.self) {
      try SocketActivation(environment: environment(1, names), first: descriptor)
    }
    #expect(error?.description.contains(reason) == true)
  }

  @Test("a datagram socket, a closed descriptor and a wrong number are refused")
  func whatIsNoListenerIsRefused() throws {
    let datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(datagrams) }
    let error = #expect(throws: ListenError.self) {
      try SocketActivation(environment: environment(1, "data"), first: datagrams)
    }
    #expect(error?.description.contains("no listening stream socket") == true)
    #expect(throws: ListenError.self) { try SocketActivation(environment: environment(1), first: 1 << 20) }
    #expect(throws: ListenError.self) { try SocketActivation(environment: environment(65)) }
  }
}

/// A service manager's end of the notify socket.
private final class PretendManager: Sendable {
  let name = "crossfade-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
  private let descriptor: Int32

  init(_ address: SocketAddress? = nil) throws {
    let address = try #require(address ?? SocketAddress(abstractName: name))
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    self.descriptor = descriptor
    try syscall("bind") { address.withPointer { bind(descriptor, $0, $1) } }
  }

  deinit { close(descriptor) }

  /// The next datagram; nil when none comes in time.
  func message(withinMilliseconds limit: Int32 = 10_000) -> String? {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&wanted, 1, limit) == 1 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
