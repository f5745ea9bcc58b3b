// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import GnuTLS
import Microhttpd
import Reactor

/// All workers of the process, in order. For what is asked rarely (statistics, health): each worker
/// answers on its own thread, and nothing on the data path is shared for it.
public struct WorkerGroup: Sendable {
  private let workers: [LoopBound<Worker>]
  /// Of the data listeners of all of them; nil = none.
  let addressLimit: AddressLimit?
  /// What their listeners with TLS begin with.
  let https: TLSServerContext?

  init(
    _ workers: [LoopBound<Worker>], addressLimit: AddressLimit? = nil, https: TLSServerContext? = nil
  ) {
    self.https = https
    self.workers = workers
    self.addressLimit = addressLimit
  }

  public var count: Int { workers.count }

  /// Has `body` done by every worker, on its thread; by one that has ended, not at all.
  func forEach(_ body: @escaping @Sendable (Worker) -> Void) {
    for worker in workers { worker.post(body) }
  }

  /// Has `body` begun by every worker, on its thread, and calls `completion` on `loop` when all have called what
  /// they were given for the end. Call it on the thread of `loop`.
  func all(
    on loop: EventLoop, _ body: @escaping @Sendable (Worker, @escaping @Sendable () -> Void) -> Void,
    completion: @escaping () -> Void
  ) {
    let gathering = LoopBound(Gathering<Bool>(expecting: workers.count) { _ in completion() }, on: loop)
    for (index, worker) in workers.enumerated() {
      let isPosted = worker.post { worker in
        body(worker) { gathering.post { $0.take(true, from: index) } }
      }
      if !isPosted { gathering.use().take(nil, from: index) }
    }
  }

  /// Asks every worker and calls `completion` once, on `loop`, with the answers in the order of the
  /// workers; one that has ended is left out. Call it on the thread of `loop`.
  public func collect<Value: Sendable>(
    on loop: EventLoop, _ ask: @escaping @Sendable (Worker) -> Value,
    completion: @escaping ([Value]) -> Void
  ) {
    let gathering = LoopBound(Gathering(expecting: workers.count, completion), on: loop)
    if workers.isEmpty { return completion([]) }
    for (index, worker) in workers.enumerated() {
      let isPosted = worker.post { worker in
        let value = ask(worker)
        gathering.post { $0.take(value, from: index) }
      }
      if !isPosted { gathering.use().take(nil, from: index) }
    }
  }
}

/// Answers that have come so far.
private final class Gathering<Value> {
  private var values: [Value?]
  private var missing: Int
  private let completion: ([Value]) -> Void

  init(expecting count: Int, _ completion: @escaping ([Value]) -> Void) {
    values = Array(repeating: nil, count: count)
    missing = count
    self.completion = completion
  }

  func take(_ value: Value?, from index: Int) {
    values[index] = value
    missing -= 1
    if missing == 0 { completion(values.compactMap { $0 }) }
  }
}
