// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor
import Synchronization
import Testing

@testable import Gateway

/// What is logged of nodes: each change once for the process, however many workers see it.
@Suite struct NodeWatchTests {
  /// A watch over a primary of two nodes and an older tier of one, seen by two workers.
  private final class Watched {
    let loop: EventLoop
    let watch: NodeWatch
    private let written: Written

    private final class Written: Sendable {
      let lines = Mutex<[String]>([])
    }

    init(level: Logger.Level = .info) throws {
      loop = try EventLoop()
      let written = Written()
      self.written = written
      let log = Logger(label: "test") { _ in
        // The time comes first and is nobody's business here.
        TextLogHandler(level: level) { line in
          written.lines.withLock { $0.append(String(line.drop { $0 != " " }.dropFirst().dropLast())) }
        }
      }
      watch = NodeWatch(tiers: [("new", ["a", "b"]), ("old", ["c"])], workers: 2, log: log, loop: loop)
    }

    /// What was logged since it was last asked.
    var news: [String] {
      written.lines.withLock { lines in
        defer { lines = [] }
        return lines
      }
    }

    func see(
      _ state: NodeStatus.State, _ reason: String? = nil, worker: Int = 0, tier: Int = 0, node: Int = 0
    ) {
      var status = NodeStatus(state: state, lastError: reason.map { MemcachedError(.timedOut, $0) })
      if state == .up { (status.wireProtocol, status.version) = (.meta, "1.6.18") }
      watch.changed(status, worker: worker, tier: tier, node: node)
    }

    func seeAllUp() {
      for worker in 0...1 {
        for (tier, node) in [(0, 0), (0, 1), (1, 0)] { see(.up, worker: worker, tier: tier, node: node) }
      }
    }
  }

  @Test("a node is up when all workers have it, and ready means that each has one of the primary")
  func up() throws {
    let watched = try Watched()
    watched.see(.up, worker: 0)
    #expect(watched.news == [])
    watched.see(.up, worker: 1, node: 1)
    #expect(watched.news == ["info ready"])
    watched.see(.up, worker: 1)
    #expect(watched.news == ["info node up node=a protocol=meta tier=new version=1.6.18"])
  }

  @Test("the worst that any worker sees is told, with its reason, and once")
  func worst() throws {
    let watched = try Watched()
    watched.seeAllUp()
    _ = watched.news
    watched.see(.suspect, "late", worker: 1, tier: 1)
    watched.see(.suspect, "late, too", worker: 0, tier: 1)
    #expect(watched.news == ["notice node suspect node=c reason=late tier=old"])
    watched.see(.ejected, "gone", worker: 0, tier: 1)
    watched.see(.ejected, "gone, too", worker: 1, tier: 1)
    #expect(watched.news == ["warning node ejected node=c reason=gone tier=old"])
    watched.see(.up, worker: 0, tier: 1)
    #expect(watched.news == [])
    watched.see(.up, worker: 1, tier: 1)
    #expect(watched.news == ["info node up node=c protocol=meta tier=old version=1.6.18"])
  }

  @Test("probes that fail and reconnections that succeed are no news, but at debug each change has its line")
  func steps() throws {
    let states: [NodeStatus.State] = [.ejected, .probing, .ejected, .probing, .up, .connecting, .up]
    for level in [Logger.Level.info, .debug] {
      let watched = try Watched(level: level)
      watched.seeAllUp()
      _ = watched.news
      for state in states { watched.see(state, tier: 1) }
      let news = watched.news
      #expect(
        news.filter { !$0.hasPrefix("debug") }.map { $0.prefix { $0 != "=" } }
          == ["warning node ejected node", "info node up node"])
      #expect(
        news.filter { $0.hasPrefix("debug") }
          == (level == .info ? [] : states.map { "debug node state node=c state=\($0) tier=old worker=0" }))
    }
  }

  @Test("not ready is one worker without any node of the primary")
  func readiness() throws {
    let watched = try Watched()
    watched.seeAllUp()
    #expect(watched.news.contains("info ready"))
    func readiness() -> [String] { watched.news.filter { $0.hasSuffix("ready") } }
    watched.see(.ejected, worker: 0, node: 0)
    watched.see(.ejected, worker: 1, node: 1)
    #expect(readiness() == [])
    watched.see(.ejected, worker: 1, node: 0)
    #expect(readiness() == ["warning not ready"])
    watched.see(.suspect, worker: 1, node: 1)
    #expect(readiness() == ["info ready"])
  }

  @Test("a node that flaps has a few lines, and then one that counts the rest")
  func flapping() throws {
    let watched = try Watched()
    watched.seeAllUp()
    _ = watched.news
    for number in 0..<100 { watched.see(number % 2 == 0 ? .suspect : .up, "late", tier: 1) }
    // The first line within this second was that it came up.
    #expect(watched.news.map { $0.prefix(12) } == ["notice node ", "info node up", "notice node "])
    while true {
      try watched.loop.turn(maxSleep: .seconds(2))
      let news = watched.news
      if news.isEmpty { continue }
      #expect(news == ["info node up changes=97 node=c protocol=meta tier=old version=1.6.18"])
      break
    }
    // A second has passed, and each change is told again.
    watched.see(.suspect, "late", tier: 1)
    #expect(watched.news == ["notice node suspect node=c reason=late tier=old"])
  }

  @Test("when it has been stopped nothing is told")
  func stopped() throws {
    let watched = try Watched()
    watched.watch.stop()
    watched.seeAllUp()
    #expect(watched.news == [])
  }
}
