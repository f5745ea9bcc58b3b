// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// Writes of which nobody knows in time whether they were done.
@Suite struct UncertainWriteTests {
  @Test("a verb that may have been done leaves no copy from before behind", arguments: [false, true])
  func unknownOutcome(_ isOlderDown: Bool) throws {
    let tiers = try Tiers()
    try tiers.old.put("n", "5")
    try tiers.new.put("n", "5")
    tiers.new.losesAnswers = true
    tiers.old.isDown = isOlderDown
    let error = #expect(throws: MemcachedError.self) {
      try tiers.reply { try $0.incr(Key("n"), completion: $1) }
    }
    #expect(error?.outcome == .unknown)
    tiers.new.losesAnswers = false
    tiers.old.isDown = false
    #expect(try tiers.get("n") == "6")
    // Evicted by the primary: what is left must not be the value from before.
    _ = tiers.new.store.perform(Command(try Key("n"), .delete(ifUnchanged: nil)))
    #expect(try tiers.get("n") == nil)
  }

  @Test("a verb that was not done leaves the older copies where they are")
  func notApplied() throws {
    let tiers = try Tiers()
    try tiers.old.put("n", "5")
    tiers.new.isDown = true
    let error = #expect(throws: MemcachedError.self) {
      try tiers.reply { try $0.incr(Key("n"), completion: $1) }
    }
    #expect(error?.outcome == .notApplied)
    #expect(try tiers.get("n") == "5")
  }

  @Test("a mirrored set that a hung older tier does late does not show again")
  func lateMirroredSet() throws {
    let tiers = try Tiers(.mirror)
    tiers.old.holds = { $0 == "set" }
    var stored: Answer?
    let options = RequestOptions(deadline: .current() + .milliseconds(60))
    try tiers.client.set(Key("k"), Array("v1".utf8), options) { stored = $0 }
    while stored == nil { try tiers.loop.turn() }
    guard case .success(.stored) = stored?.result else { return #expect(Bool(false), "not stored") }
    let owed = { tiers.client.coordination.invalidations.tiers[1]?.owed ?? 0 }
    #expect(owed() == 1)
    // The server answers again, and what it had before it hung comes after the next set.
    tiers.old.holds = { _ in false }
    _ = try tiers.set("k", "v2")
    tiers.old.release()
    #expect(try tiers.old.text("k") == "v1")
    #expect(owed() == 1)
    for node in [tiers.new, tiers.older] {
      _ = node.store.perform(Command(try Key("k"), .delete(ifUnchanged: nil)))
    }
    #expect(try tiers.get("k") == nil)
    while owed() > 0 { try tiers.loop.turn() }
    #expect(try tiers.old.text("k") == nil)
  }
}
