// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Reactor
import Testing

@testable import Gateway

@Suite struct ListenersTests {
  private let directory: String

  init() throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("listeners-\(UUID())").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  private func settings(
    _ listen: [ListenAddress], admin: [ListenAddress] = [], workers: Int = 1, insecure: Bool = false
  ) -> Settings {
    var settings = Settings()
    settings.listen = listen
    settings.admin = admin
    settings.workers = workers
    settings.insecure = insecure
    return settings
  }

  private func withListeners(_ settings: Settings, _ body: (Listeners) throws -> Void) throws {
    let listeners = try Listeners(settings)
    defer { listeners.closeAll() }
    try body(listeners)
  }

  private let anyPort = ListenAddress.tcp(host: "127.0.0.1", port: 0)

  // MARK: TCP

  @Test("the workers' sockets share the port that the first one was given")
  func theWorkersSocketsShareThePortThatTheFirstOneWasGiven() throws {
    try withListeners(settings([anyPort], workers: 3)) { listeners in
      let addresses = Set(listeners.ofWorker.map { $0.map(\.address) })
      #expect(listeners.ofWorker.map(\.count) == [1, 1, 1])
      #expect(addresses.count == 1)
      #expect(addresses.first?.first?.port != 0)
    }
  }

  @Test("the admin listener is worker 0's") func theAdminListenerIsWorker0S() throws {
    try withListeners(settings([anyPort], admin: [anyPort], workers: 2)) { listeners in
      #expect(listeners.ofWorker.map { $0.map(\.role) } == [[.data, .admin], [.data]])
    }
  }

  @Test("a port on which another gateway listens is refused, not shared")
  func aPortOnWhichAnotherGatewayListensIsRefusedNotShared() throws {
    try withListeners(settings([anyPort])) { first in
      let port = try #require(first.ofWorker[0].first).address.port
      let error = #expect(throws: ListenError.self) {
        try Listeners(settings([.tcp(host: "127.0.0.1", port: port)]))
      }
      #expect(error?.description.hasPrefix("cannot listen on 127.0.0.1:\(port): bind: ") == true)
    }
  }

  @Test("a port that all addresses share is taken for each of them")
  func aPortThatAllAddressesShareIsTakenForEachOfThem() throws {
    try withListeners(settings([.tcp(host: "0.0.0.0", port: 0)], insecure: true)) { first in
      let port = try #require(first.ofWorker[0].first).address.port
      #expect(throws: ListenError.self) { try Listeners(settings([.tcp(host: "127.0.0.1", port: port)])) }
    }
  }

  @Test("localhost is listened on") func localhostIsListenedOn() throws {
    try withListeners(settings([.tcp(host: "localhost", port: 0)])) { listeners in
      let own = listeners.ofWorker[0]
      #expect(!own.isEmpty)
      #expect(own.allSatisfy { $0.address.isLoopback })
      #expect(Set(own.map(\.address.port)).count == 1)
    }
  }

  @Test("what other machines can reach is refused here too unless it is meant")
  func whatOtherMachinesCanReachIsRefusedHereTooUnlessItIsMeant() throws {
    let everywhere: [ListenAddress] = [.tcp(host: "0.0.0.0", port: 0)]
    #expect(throws: ListenError.self) { try Listeners(settings(everywhere)) }
    try withListeners(settings(everywhere, insecure: true)) { #expect($0.ofWorker[0].count == 1) }
  }

  @Test("when one address fails none is left bound") func whenOneAddressFailsNoneIsLeftBound() throws {
    let path = directory + "/first.sock"
    let nowhere = ListenAddress.unix(path: directory + "/absent/second.sock")
    #expect(throws: ListenError.self) { try Listeners(settings([.unix(path: path), nowhere])) }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  // MARK: Unix

  @Test("a unix socket has a descriptor a worker and is removed at the end")
  func aUnixSocketHasADescriptorAWorkerAndIsRemovedAtTheEnd() throws {
    let path = directory + "/x.sock"
    try withListeners(settings([.unix(path: path)], workers: 3)) { listeners in
      #expect(Set(listeners.ofWorker.flatMap { $0.map(\.descriptor) }).count == 3)
      #expect(listeners.ofWorker[2].first?.address.description == "unix:\(path)")
      #expect(FileManager.default.fileExists(atPath: path))
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("a stale socket file is replaced") func aStaleSocketFileIsReplaced() throws {
    let path = directory + "/stale.sock"
    let address = try #require(SocketAddress(unixPath: path))
    _ = try Socket.listening(on: address)
    #expect(FileManager.default.fileExists(atPath: path))
    try withListeners(settings([.unix(path: path)])) { _ in
      let socket = try Socket.connecting(to: address)
      #expect(socket.connectError() == nil)
    }
  }

  @Test("a socket on which somebody listens is left alone") func aSocketOnWhichSomebodyListensIsLeftAlone()
    throws
  {
    let path = directory + "/alive.sock"
    let address = try #require(SocketAddress(unixPath: path))
    let alive = try Socket.listening(on: address)
    let error = #expect(throws: ListenError.self) { try Listeners(settings([.unix(path: path)])) }
    #expect(error?.description == "cannot listen on unix:\(path): another process listens there")
    #expect(try Socket.connecting(to: address).connectError() == nil)
    #expect(alive.descriptor >= 0)
  }

  @Test("a file that is no socket is left alone") func aFileThatIsNoSocketIsLeftAlone() throws {
    let path = directory + "/file"
    try "precious".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: ListenError.self) { try Listeners(settings([.unix(path: path)])) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
  }

  @Test("a socket that another process has put in the place meanwhile is not removed")
  func aSocketThatAnotherProcessHasPutInThePlaceMeanwhileIsNotRemov() throws {
    let path = directory + "/theirs.sock"
    let address = try #require(SocketAddress(unixPath: path))
    let ours = try Socket.listening(on: address)
    let file = try UnixSocketFile(path)
    // Kept under another name, so that its inode is not given to the new one.
    try FileManager.default.moveItem(atPath: path, toPath: path + ".ours")
    let theirs = try Socket.listening(on: address)
    file.remove()
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(ours.descriptor != theirs.descriptor)
  }
}
