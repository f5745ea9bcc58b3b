// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import MemcachedTesting
import Testing

extension Program {
  /// Random requests of six clients to the real program between two tiers of three real servers, held against
  /// one perfect cache (`CacheModel`): every verb, with and without conditions, of one key and of many.
  ///
  /// One at a time and with servers that are well each answer must be the perfect cache's. What may differ
  /// else, beside what `StrictModelTests` lists:
  ///
  /// * What the primary evicts is a miss, or what an older tier has if nobody has written the key since. Its
  ///   tags fit nothing any more.
  /// * A server that was killed comes back empty. That is an eviction of all that it had, and of nothing
  ///   else: no other node's keys are touched by it, and nothing is found on a node that it does not belong
  ///   to.
  /// * While a node of the primary is away, requests for its keys fail. They do not miss, and nothing is
  ///   stored anywhere else; what the older tier has is still read. Requests for other keys go on.
  /// * While a node of the older tier is away, its keys are misses where the primary does not have them.
  /// * A write that failed and says that it was not applied is not seen by anybody. A set or delete may have
  ///   left nothing all the same, as the older copies go first.
  ///
  /// In no case may a value show that was deleted or replaced by a write that had ended. In the end all
  /// servers are back, nothing is owed, every key can be read; and then the primary loses everything, so that
  /// whatever was left behind in the older tier would show.
  @Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
  struct HTTPModelTests {
    private static let stepsPerRound = 200

    @Test(
      "one request at a time to servers that are well: every answer is the perfect cache's",
      arguments: [(UInt64(31), FallbackPolicy.strict), (32, .mirror)])
    func sequential(seed: UInt64, policy: FallbackPolicy) throws {
      let counts = try run(seed, .init(policy: policy), rounds: 10, Self.patient)
      #expect(counts.failures == 0 && counts.older > 0 && counts.notModified > 0)
    }

    @Test(
      "requests overlap: nothing deleted or replaced shows",
      arguments: [(UInt64(33), FallbackPolicy.strict), (34, .mirror)])
    func overlapping(seed: UInt64, policy: FallbackPolicy) throws {
      let counts = try run(seed, .init(policy: policy, overlaps: true), rounds: 12, Self.patient)
      #expect(counts.failures == 0 && counts.older > 0 && counts.notModified > 0)
    }

    @Test(
      "servers are killed and come back empty: only their keys fail, and nothing older shows",
      arguments: [
        (UInt64(35), FallbackPolicy.strict, false), (36, .mirror, false), (37, .strict, true),
        (38, .mirror, true),
      ])
    func kills(seed: UInt64, policy: FallbackPolicy, overlaps: Bool) throws {
      let counts = try run(
        seed, .init(policy: policy, trouble: .kills, overlaps: overlaps), rounds: 6, Self.patient)
      #expect(counts.failures > 0 && counts.failures < counts.operations / 2)
      #expect(counts.troubles > 5)
    }

    @Test(
      "servers are stopped and go on with what they had: nothing deleted or replaced shows",
      arguments: [(UInt64(39), FallbackPolicy.strict), (40, .mirror)])
    func stops(seed: UInt64, policy: FallbackPolicy) throws {
      // One timeout is enough to eject, so that what a node got before it was stopped is in its sockets ahead
      // of anything that it gets when it is back, and with one thread it does it in that order.
      let counts = try run(
        seed, .init(policy: policy, trouble: .stops, overlaps: true), rounds: 6,
        [
          "--node-timeout", "100ms", "--operation-timeout", "1s", "--connect-timeout", "200ms",
          "--eject-after", "1",
        ],
        serverArguments: ["-t", "1"])
      #expect(counts.failures > 0 && counts.failures < counts.operations / 2)
      #expect(counts.troubles > 5)
    }

    /// Nodes that are not there fail at once; none is to be late because the machine is slow.
    private static let patient = ["--node-timeout", "4s", "--operation-timeout", "8s"]

    private func run(
      _ seed: UInt64, _ conditions: HTTPWorld.Conditions, rounds: Int, _ arguments: [String],
      serverArguments: [String] = []
    ) throws -> HTTPWorld.Counts {
      let clusters = try TwoClusters(
        ["--policy", conditions.policy.rawValue] + arguments, serverArguments: serverArguments)
      var counts = HTTPWorld.Counts()
      let start = ContinuousClock.now
      for round in 0..<rounds {
        let world = try HTTPWorld(clusters, conditions, seed: seed, round: round)
        for _ in 0..<Self.stepsPerRound where world.violation == nil { try world.step() }
        if world.violation == nil { try world.finish() }
        counts += world.counts
        guard let violation = world.violation else { continue }
        let history = world.history.suffix(80).joined(separator: "\n")
        Issue.record("seed \(seed), round \(round): \(violation)\n\(history)")
        break
      }
      print("model over HTTP, seed \(seed), \(conditions): \(counts), \(start.duration(to: .now))")
      return counts
    }
  }
}
