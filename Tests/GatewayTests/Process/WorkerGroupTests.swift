// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor
import Testing

@testable import Gateway

@Suite struct WorkerGroupTests {
  private func startThreads(_ count: Int) async throws -> [WorkerThread] {
    let settings = try Settings.resolve(flags: [.workers: ["\(count)"]])
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let factory = try NodeFactory(settings)
    var threads: [WorkerThread] = []
    for index in 0..<count {
      threads.append(
        try await WorkerThread.start(
          index: index, settings: settings, listeners: [], factory: factory, log: log))
    }
    let group = WorkerGroup(threads.map(\.worker))
    for thread in threads { try await thread.open(group, factory, nil) }
    return threads
  }

  /// Collects on the thread's own loop, as an admin handler does.
  private func collect<Value: Sendable>(
    on thread: WorkerThread, _ ask: @escaping @Sendable (Worker) -> Value
  ) async -> [Value] {
    await withCheckedContinuation { (collected: CheckedContinuation<[Value], Never>) in
      thread.worker.post { worker in
        worker.group.collect(on: worker.loop, ask) { values in
          worker.loop.assertOnLoop()
          collected.resume(returning: values)
        }
      }
    }
  }

  @Test("every worker answers, in order, and the answers come back to the one that asked")
  func everyWorkerAnswersInOrderAndTheAnswersComeBackToTheOneThatAs() async throws {
    let threads = try await startThreads(3)
    #expect(await collect(on: threads[0]) { $0.index } == [0, 1, 2])
    #expect(await collect(on: threads[2]) { $0.index } == [0, 1, 2])
    for thread in threads { await thread.end(deadline: .current()) }
  }

  @Test("a worker that has ended is left out") func aWorkerThatHasEndedIsLeftOut() async throws {
    let threads = try await startThreads(3)
    await threads[1].end(deadline: .current())
    #expect(await collect(on: threads[0]) { $0.index } == [0, 2])
    let factory = try NodeFactory(Settings())
    await #expect(throws: WorkerThread.Ended.self) {
      try await threads[1].open(WorkerGroup([]), factory, nil)
    }
    for thread in [threads[0], threads[2]] { await thread.end(deadline: .current()) }
  }

  @Test("each worker tells how it sees the nodes, and whether it is draining")
  func eachWorkerTellsHowItSeesTheNodesAndWhetherItIsDraining() async throws {
    let threads = try await startThreads(2)
    let states = await collect(on: threads[0]) { $0.nodeStatuses.map { $0.map(\.state) } }
    #expect(states == [[[.up]], [[.up]]])
    #expect(await collect(on: threads[0]) { $0.isDraining } == [false, false])
    for thread in threads { await thread.drain(deadline: .current()) }
    #expect(await collect(on: threads[0]) { $0.isDraining } == [true, true])
    for thread in threads { await thread.end(deadline: .current()) }
  }
}
