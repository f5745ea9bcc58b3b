// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Reactor
import Testing

@testable import Memcached

/// When a server is asked and when it is not, event by event, without a socket or a clock.
@Suite struct NodeHealthTests {
  /// What can happen to a node.
  enum Event: Sendable {
    case connected, failed, lost, givenUp, probe, answer, close
    /// So many at once.
    case late(Int)
    /// So many milliseconds go by.
    case after(Int)
  }

  struct Story: CustomTestStringConvertible, Sendable {
    let name: String
    let events: [Event]
    /// The state and, in milliseconds, the wait before a probe; after each event that is no waiting.
    let expected: String

    init(_ name: String, _ events: [Event], _ expected: String) {
      self.name = name
      self.events = events
      self.expected = expected
    }

    var testDescription: String { name }
  }

  private static let settings: NodeSettings = {
    var settings = NodeSettings()
    settings.shortestBackOff = .milliseconds(50)
    settings.longestBackOff = .milliseconds(150)
    settings.ejectAfter = 3
    return settings
  }()

  private static func tell(_ events: [Event], _ health: inout NodeHealth) -> [String] {
    let clock = ManualClock()
    return events.compactMap { event in
      let action: NodeHealth.Action
      switch event {
      case .connected: action = health.connected(now: clock.read())
      case .failed: action = health.attemptFailed(MemcachedError(.connectFailed, "no"), now: clock.read())
      case .lost, .givenUp:
        var isGivenUp = false
        if case .givenUp = event { isGivenUp = true }
        let cause = MemcachedError(.connectionLost, "gone")
        action = health.lost(cause, isGivenUp: isGivenUp, now: clock.read())
      case .probe: action = health.probe()
      case .answer: action = health.answered()
      case .close: action = health.close()
      case .late(let count): action = health.timedOut(count, now: clock.read())
      case .after(let milliseconds):
        clock.advance(by: .milliseconds(milliseconds))
        return nil
      }
      switch action {
      case .none: return health.state.rawValue
      case .reconnect: return "\(health.state.rawValue)!"
      case .eject(let due):
        return "\(health.state.rawValue) \((due - clock.read()).wholeNanoseconds / 1_000_000)"
      }
    }
  }

  static let stories = [
    Story("it comes up when the handshake is done", [.connected], "up"),
    Story(
      "a connect error ejects at once, each longer than the one before, up to a limit",
      [.failed, .probe, .failed, .probe, .failed, .probe, .failed],
      "ejected 50, probing, ejected 100, probing, ejected 150, probing, ejected 150"),
    Story("a probe that succeeds brings it up", [.failed, .probe, .connected], "ejected 50, probing, up"),
    Story(
      "timeouts make it suspect, and eject it when there are enough in a row",
      [.connected, .answer, .late(1), .late(1), .late(1)], "up, up, suspect, suspect, ejected 50"),
    Story("many at once count each", [.connected, .late(2), .late(7)], "up, suspect, ejected 50"),
    Story(
      "an answer begins the count anew",
      [.connected, .late(2), .answer, .late(2), .answer], "up, suspect, up, suspect, up"),
    Story(
      "a connection that has lived is made anew at once",
      [.connected, .after(1_000), .lost, .connected], "up, connecting!, up"),
    Story(
      "one that ends soon after the handshake is a failed attempt, and so is the next",
      [.connected, .after(999), .lost, .probe, .connected, .lost],
      "up, ejected 50, probing, up, ejected 100"),
    Story(
      "one that we end for a late reply is made anew at once, however young",
      [.connected, .givenUp, .connected, .givenUp], "up, connecting!, up, connecting!"),
    Story(
      "suspicion outlives the connection, and a handshake does not end it",
      [.connected, .late(2), .givenUp, .connected, .late(1)],
      "up, suspect, connecting!, suspect, ejected 50"),
    Story(
      "timeouts without a connection: the attempt that is under way becomes the probe",
      [.late(2), .late(1), .connected, .late(2)], "connecting, probing, up, suspect"),
    Story("that probe may fail, too", [.late(3), .failed], "probing, ejected 50"),
    Story(
      "what is late with everything is ejected for longer each time, though it shakes hands",
      [.connected, .late(3), .probe, .connected, .after(5_000), .late(3), .probe, .connected, .late(3)],
      "up, ejected 50, probing, up, ejected 100, probing, up, ejected 150"),
    Story(
      "an answer in between makes the next wait short again",
      [.connected, .late(3), .probe, .connected, .answer, .late(3)],
      "up, ejected 50, probing, up, up, ejected 50"),
    Story(
      "so does a connection that has lived",
      [.failed, .probe, .failed, .probe, .connected, .after(1_000), .lost, .failed],
      "ejected 50, probing, ejected 100, probing, up, connecting!, ejected 50"),
    Story("closed is closed", [.connected, .close, .late(9)], "up, closed, closed"),
    Story("also while it is ejected", [.failed, .close], "ejected 50, closed"),
  ]

  @Test("the states that events lead to", arguments: stories)
  func transitions(_ story: Story) {
    var health = NodeHealth(Self.settings, jitter: { 1 })
    #expect(Self.tell(story.events, &health).joined(separator: ", ") == story.expected)
  }

  @Test("requests are taken while there is a connection or the first attempt at one, and not otherwise")
  func takesRequests() {
    for (events, isTaken) in [
      ([], true), ([.connected], true), ([.connected, .late(1)], true),
      ([.connected, .after(1_000), .lost], true), ([.failed], false), ([.failed, .probe], false),
      ([.late(3)], false), ([.close], false),
    ] as [([Event], Bool)] {
      var health = NodeHealth(Self.settings, jitter: { 1 })
      _ = Self.tell(events, &health)
      #expect(health.takesRequests == isTaken, "\(events)")
    }
  }

  @Test("the reason stays until it is up again")
  func reason() {
    var health = NodeHealth(Self.settings, jitter: { 1 })
    #expect(health.lastError == nil)
    _ = Self.tell([.connected, .late(2)], &health)
    #expect(health.lastError?.detail == "no answer to 2 requests in a row within 0.25 seconds")
    _ = Self.tell([.answer], &health)
    #expect(health.lastError == nil)
    _ = Self.tell([.late(1)], &health)
    #expect(health.lastError?.detail == "no answer to a request within 0.25 seconds")
    _ = Self.tell([.late(2), .probe], &health)
    #expect(health.lastError?.kind == .timedOut)
    _ = Self.tell([.failed, .probe], &health)
    #expect(health.lastError?.detail == "no")
    _ = Self.tell([.connected], &health)
    #expect(health.lastError == nil)
  }

  @Test("the wait is stretched by the jitter")
  func jitter() {
    var factors = [0.75, 1.25]
    var health = NodeHealth(Self.settings, jitter: { factors.removeFirst() })
    #expect(Self.tell([.failed, .probe, .failed], &health) == ["ejected 37", "probing", "ejected 125"])
  }

  @Test("one timeout is enough where that is set")
  func one() {
    var settings = Self.settings
    settings.ejectAfter = 1
    var health = NodeHealth(settings, jitter: { 1 })
    #expect(Self.tell([.connected, .late(1)], &health) == ["up", "ejected 50"])
  }
}
