// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Reactor

/// A node on a loop of its own whose commands can be waited for: what a test on any thread talks to.
public final class BlockingNode: Sendable {
  private let runner: LoopRunner
  private let node: LoopBound<any Node>

  /// - Parameter make: makes the node, on the loop's thread.
  public init(_ make: (EventLoop) throws -> any Node) throws {
    let runner = try LoopRunner(name: "node")
    self.runner = runner
    node = try runner.run { LoopBound(try make($0), on: $0) }
  }

  deinit { runner.run { [node] _ in node.use().close() } }

  /// Does a command and waits for its outcome. A node that does not complete within 5 s beyond
  /// `timeout` has broken its promise: that is a `timedOut` error that says so.
  public func perform(_ command: Command, timeout: Duration = .seconds(5)) -> Result<Reply, MemcachedError> {
    do {
      return try runner.wait(upTo: timeout + .seconds(5)) { _, done in
        node.use().submit(command, deadline: .current() + timeout, completion: done)
      }
    } catch {
      return .failure(MemcachedError(.timedOut, "the node never completed: \(error)", outcome: .unknown))
    }
  }

  public var status: NodeStatus { runner.run { [node] _ in node.use().status } }

  public func close() { runner.run { [node] _ in node.use().close() } }
}
