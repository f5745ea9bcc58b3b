// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Nanoseconds of the parts of the library that each request runs through and that need no server. The wire and
/// the rest are in scripts/bench, and counted in instructions by scripts/check-cost.
///
///     swift run --package-path Benchmarks/Parts -c release

import Memcached

let rounds = 7
let operationsARound = 1_000_000

/// Many keys, so that no branch is learnt by heart, but few enough for the processor's cache.
let texts = (0..<1_000).map { Array("session:\($0 &* 2_654_435_761)".utf8) }
let keys = try texts.map { text throws(Key.Invalid) in try Key(text) }

func text(_ nanoseconds: Double) -> String {
  let tenths = Int((nanoseconds * 10).rounded())
  let shown = "\(tenths / 10).\(tenths % 10)"
  return String(repeating: " ", count: max(0, 9 - shown.count)) + shown
}

/// Prints the median of the rounds. What the operations return is added up and looked at: nothing that is
/// measured can be left out for being unused.
func measure(_ name: String, operations: Int = operationsARound, _ operation: (Int) -> Int) {
  var times: [Double] = []
  var total = 0
  for _ in 0..<rounds {
    let taken = ContinuousClock().measure {
      for number in 0..<operations { total &+= operation(number % keys.count) }
    }
    times.append(taken / .nanoseconds(1) / Double(operations))
  }
  precondition(total != 0, "\(name) has done nothing")
  times.sort()
  let padding = String(repeating: " ", count: max(1, 34 - name.count))
  print("\(name)\(padding)\(text(times[rounds / 2]))\(text(times[0]))\(text(times[rounds - 1]))")
}

func measureRings() throws {
  let nodes = (1...10).map { RingNode(.tcp(host: "10.0.0.\($0)", port: NodeAddress.defaultPort)) }
  for distribution in Distribution.allCases {
    let ring = try distribution.ring(of: nodes)
    // Some hash the key with each node's name, and take a microsecond.
    measure("ring of 10, \(distribution.rawValue)", operations: 200_000) { ring.node(for: keys[$0]) + 1 }
  }
}

func measureMemory() {
  let store = MemoryStore(capacity: 64 << 20)
  let value = [UInt8](repeating: 0x76, count: 100)
  func perform(_ command: Command) -> Int {
    guard case .success = store.perform(command) else { preconditionFailure("memory takes every command") }
    return 1
  }
  func set(_ key: Key) -> Command {
    Command(key, .store(.set, value: value, flags: 0, exptime: .never))
  }
  measure("memory: set of 100 bytes") { perform(set(keys[$0])) }
  measure("memory: get of 100 bytes") { perform(Command(keys[$0], .get(isPeek: false))) }
}

print("ns an operation                     median  fastest  slowest")
measure("key of 9 to 21 bytes, checked") { (try? Key(texts[$0]))?.bytes.count ?? 0 }
try measureRings()
measureMemory()
