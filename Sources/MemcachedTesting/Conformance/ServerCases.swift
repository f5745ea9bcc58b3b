// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// protocol.txt, "Other commands", "Statistics". What concerns a whole server.
extension NodeConformance {
  static let serverCases: [Case] = [
    Case("a server says its version") { trial in
      let reply = try trial.replyOfServer(.version)
      guard case .version(let version) = reply else { return try trial.require(false, "got \(reply)") }
      try trial.require(version.first?.isNumber == true, "the version is \(version.debugDescription)")
    },
    Case("general statistics have the numbers that people watch") { trial in
      let numbers = try trial.statistics("")
      for name in [
        "pid", "uptime", "time", "curr_items", "total_items", "bytes", "limit_maxbytes", "evictions",
        "cmd_get", "cmd_set", "cmd_touch", "get_hits", "get_misses", "delete_hits", "delete_misses",
        "incr_hits", "incr_misses", "decr_hits", "decr_misses", "cas_hits", "cas_misses", "cas_badval",
      ] {
        try trial.require(numbers[name].flatMap { UInt64($0) } != nil, "\(name) is \(numbers[name] as Any)")
      }
      try trial.require(numbers["version"] != nil, "no version")
    },
    Case("the settings tell the limits") { trial in
      let settings = try trial.statistics("settings")
      for name in ["maxbytes", "item_size_max"] {
        try trial.require(settings[name].flatMap { Int($0) } != nil, "\(name) is \(settings[name] as Any)")
      }
    },
    Case("hits and misses are counted", isExclusive: true) { trial in
      let before = try trial.statistics("")
      try trial.expect(.set("1"), .stored(nil))
      try trial.expectValue("1")
      try trial.expectMiss(at: trial.key("absent"))
      try trial.expect(.incr(1), .counter(2, nil))
      try trial.expect(.delete, .deleted)
      try trial.expect(.delete, .miss)
      let after = try trial.statistics("")
      for name in ["cmd_set", "get_hits", "get_misses", "incr_hits", "delete_hits", "delete_misses"] {
        let (old, new) = (before[name].flatMap { Int($0) }, after[name].flatMap { Int($0) })
        try trial.require(new == old.map { $0 + 1 }, "\(name): \(old as Any), then \(new as Any)")
      }
    },
    // Exclusive, as the answer ERROR costs a connection.
    Case("statistics that a server does not have are an error", isExclusive: true) { trial in
      let result = trial.resultOfServer(.stats(argument: "nonesuch"))
      guard case .failure(let error) = result, error.kind == .rejected else {
        return try trial.require(false, "got \(result)")
      }
    },
    Case("flush_all takes away what is there, and not what comes after", isExclusive: true) { trial in
      try trial.expect(.set("v"), .stored(nil))
      try trial.expect(.set("w", ttl: 100), .stored(nil), at: trial.key("ttl"))
      try trial.flush()
      try trial.expectMiss()
      try trial.expectMiss(at: trial.key("ttl"))
      try trial.expect(.put(.add, "later"), .stored(nil))
      try trial.expectValue("later")
    },
    Case("a flush_all with a delay takes away later what is there now", isExclusive: true) { trial in
      try trial.expect(.set("v"), .stored(nil))
      try trial.flush(afterSeconds: 3)
      try trial.expectValue("v")
      try trial.expect(.set("v"), .stored(nil), at: trial.key("between"))
    } after: { trial in
      try trial.expectMiss()
      try trial.expectMiss(at: trial.key("between"))
      try trial.expect(.set("later"), .stored(nil))
      try trial.expectValue("later")
    },
    Case("a second flush_all takes the place of one that waits", isExclusive: true) { trial in
      try trial.expect(.set("v"), .stored(nil))
      try trial.flush(afterSeconds: 3)
      try trial.flush(afterSeconds: 100)
    } after: { trial in
      try trial.expectValue("v")
      try trial.flush()
      try trial.expectMiss()
    },
    Case("an immediate flush_all takes the place of one that waits", isExclusive: true) { trial in
      try trial.expect(.set("v"), .stored(nil))
      try trial.flush(afterSeconds: 3)
      try trial.flush()
      try trial.expectMiss()
      try trial.expect(.set("w"), .stored(nil))
    } after: { trial in
      try trial.expectValue("w")
    },
  ]
}

extension NodeConformance.Trial {
  fileprivate func flush(afterSeconds delay: UInt32 = 0) throws {
    let reply = try replyOfServer(.flushAll(delaySeconds: delay))
    try require(reply == .flushed, "flush_all gave \(reply)")
  }

  fileprivate func statistics(_ argument: String) throws -> [String: String] {
    let reply = try replyOfServer(.stats(argument: argument))
    guard case .stats(let statistics) = reply else {
      try require(false, "stats gave \(reply)")
      return [:]
    }
    return Dictionary(statistics.map { ($0.name, $0.value) }) { first, _ in first }
  }
}

extension NodeConformance.Case {
  /// A case that lets a delayed flush of 3 s come, which memcached's clock may bring a second or two early.
  fileprivate init(
    _ name: String, isExclusive: Bool, start: @escaping @Sendable (NodeConformance.Trial) throws -> Void,
    after end: @escaping @Sendable (NodeConformance.Trial) throws -> Void
  ) {
    self.init(name, isExclusive: isExclusive, start: start, after: 4, end)
  }
}
