// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import MemcachedTesting
import Reactor
import Testing

@Suite struct MemoryConformanceTests {
  @Test("a memory node keeps the promise that", arguments: NodeConformance.cases(for: .memory))
  func aMemoryNodeKeepsThePromiseThat(promise: NodeConformance.Case) throws {
    let clock = ManualClock()
    let node = MemoryNode(store: MemoryStore(capacity: 64 << 20, now: clock.read), name: "memory:64MiB")
    func perform(_ command: Command) -> Result<Reply, MemcachedError> {
      var results: [Result<Reply, MemcachedError>] = []
      node.submit(command, deadline: .distantFuture) { results.append($0) }
      // Before submit returned, and once.
      #expect(results.count == 1)
      return results[0]
    }
    try promise.run(capabilities: .memory, perform: perform) { clock.advance(by: .seconds($0)) }
  }

  @Test("a closed node refuses commands, says so, and leaves the store alone")
  func aClosedNodeRefusesCommandsSaysSoAndLeavesTheStoreAlone() throws {
    let store = MemoryStore(capacity: 1 << 20)
    let node = MemoryNode(store: store, name: "memory:1MiB")
    let key = try Key("k")
    node.submit(Command(key, .set("v")), deadline: .distantFuture) {
      #expect(throws: Never.self, performing: $0.get)
    }
    #expect(
      node.status == NodeStatus(state: .up, wireProtocol: .memory, version: "1.6.18", itemSizeMax: 1 << 20))
    node.close()
    #expect(node.status.state == .closed)
    var error: MemcachedError?
    node.submit(Command(key, .get), deadline: .distantFuture) { result in
      if case .failure(let failure) = result { error = failure }
    }
    #expect(error?.kind == .closed)
    #expect(error?.node == "memory:1MiB")
    #expect(store.value("k") == "v")
  }

  @Test("an error names the node") func anErrorNamesTheNode() throws {
    let node = MemoryNode(store: MemoryStore(capacity: 1 << 20, itemSizeMax: 100), name: "memory:1MiB")
    let large = String(repeating: "v", count: 100)
    for noreply in [false, true] {
      node.submit(Command(try Key("k"), .set(large), noreply: noreply), deadline: .distantFuture) { result in
        guard case .failure(let error) = result else {
          Issue.record("it gave \(result)")
          return
        }
        #expect(error.node == "memory:1MiB")
        #expect(error.kind == .tooLarge(limit: 100))
      }
    }
  }
}
