// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Logging
import Reactor

/// A worker as the rest of the program sees it: its thread's beginning and end, and letters in between.
struct WorkerThread: Sendable {
  /// The worker's loop has ended: there is nobody to ask.
  struct Ended: Error, CustomStringConvertible {
    let description = "the worker has ended"
  }

  let worker: LoopBound<Worker>
  private let end: AsyncStream<Void>
  private typealias Starting = CheckedContinuation<LoopBound<Worker>, any Error>

  /// Starts the thread, and returns once its loop and its client are there.
  static func start(
    index: Int, settings: Settings, listeners: [Listener], factory: NodeFactory, log: Logger
  ) async throws -> WorkerThread {
    let (end, ending) = AsyncStream.makeStream(of: Void.self)
    let worker = try await withCheckedThrowingContinuation { (started: Starting) in
      do {
        try startThread(named: "worker-\(index)") {
          defer { ending.finish() }
          let loop: EventLoop
          do { loop = try EventLoop() } catch { return started.resume(throwing: error) }
          let worker = Worker(
            index: index, settings: settings, listeners: listeners, factory: factory, log: log, loop: loop)
          started.resume(returning: LoopBound(worker, on: loop))
          run(loop, log)
        }
      } catch {
        started.resume(throwing: error)
      }
    }
    return WorkerThread(worker: worker, end: end)
  }

  private static func run(_ loop: EventLoop, _ log: Logger) {
    do { try loop.run() } catch {
      // Its part of the connections would hang for ever: better that the process is started anew.
      log.critical("loop failed", metadata: ["reason": "\(error)"])
      exit(1)
    }
    loop.closeMailbox()
  }

  /// Takes connections from now on.
  func open(_ group: WorkerGroup, _ factory: NodeFactory, _ access: AccessControl?) async throws {
    try await withCheckedThrowingContinuation { (opened: CheckedContinuation<Void, any Error>) in
      let isPosted = worker.post { worker in
        opened.resume(with: Result { try worker.open(group, factory, access) })
      }
      if !isPosted { opened.resume(throwing: Ended()) }
    }
  }

  /// Returns when the loop has come to a letter of ours, or has ended.
  func ping() async { await worker.tell { $1() } }

  /// Returns when it takes no more data connections.
  func stopAccepting() async {
    await worker.tell { worker, done in
      worker.stopAccepting()
      done()
    }
  }

  /// Returns when nothing is in flight any more, or the deadline has passed.
  func drain(deadline: Instant) async {
    await worker.tell { worker, done in worker.drain(deadline: deadline, completion: done) }
  }

  /// Returns when the thread has let go of everything.
  func end(deadline: Instant) async {
    worker.post { $0.end(deadline: deadline) }
    for await _ in end {}
  }
}

extension LoopBound<Worker> {
  /// Returns when `body` has called what it is given for the end, or when the worker has ended.
  func tell(_ body: @escaping @Sendable (Worker, @escaping @Sendable () -> Void) -> Void) async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isPosted = post { worker in body(worker) { continuation.resume() } }
      if !isPosted { continuation.resume() }
    }
  }
}
