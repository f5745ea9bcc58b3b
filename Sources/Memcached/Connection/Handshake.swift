// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a connection learns of its server before it carries requests.
struct ServerIdentity: Hashable, Sendable {
  var version: ServerVersion?
  var wireProtocol: NodeStatus.WireProtocol
  /// What cas tokens of this connection carry.
  var boot: UInt64
  /// `item_size_max` in bytes; nil when the server does not tell (a proxy).
  var itemSizeMax: Int?
}

/// A release number as `version` answers it: `1.6.18`, `1.4.25-2ubuntu1`.
struct ServerVersion: Hashable, Comparable, Sendable {
  let text: String
  let numbers: [Int]

  init(_ text: String) {
    self.text = text
    numbers = text.split(separator: ".").prefix(3).map { Int($0.prefix { $0.isNumber }) ?? 0 }
  }

  static func < (left: ServerVersion, right: ServerVersion) -> Bool {
    left.numbers.lexicographicallyPrecedes(right.numbers)
  }

  /// `ms <key> <datalen>` and base64 keys came with 1.6.10; before that a value would run as commands.
  static let firstWithMeta = ServerVersion("1.6.10")
  /// From here on a miss (`EN`) carries the opaque, too.
  static let firstWithOpaqueOnMiss = ServerVersion("1.6.18")
}

/// The questions that open a connection, and what follows from the answers.
///
///     mn, version, stats, stats settings ─► one write, one round trip
///
/// Which protocol: meta only if `mn` was answered `MN` *and* the release is at least 1.6.10; both
/// questions, because releases 1.5.19 to 1.6.9 know `mn` but another `ms`.
struct Handshake {
  static let questions: [(command: StaticString, shape: ReplyShape)] = [
    ("mn\r\n", .noop), ("version\r\n", .version), ("stats\r\n", .stats), ("stats settings\r\n", .stats),
  ]

  private let choice: ProtocolChoice
  private let nodeName: String
  private let bootFallback: UInt64
  private var answers = 0
  private var knowsMeta = false
  private var version: ServerVersion?
  private var boot: UInt64?
  private var itemSizeMax: Int?

  /// - Parameter bootFallback: the boot when the server does not tell its process id: a number that no
  ///   other connection has, so that a token of it can match nowhere else.
  init(choice: ProtocolChoice, nodeName: String, bootFallback: UInt64) {
    self.choice = choice
    self.nodeName = nodeName
    self.bootFallback = bootFallback
  }

  /// The questions for this choice of protocol: a server that is said to be classic is not asked for meta.
  var questions: ArraySlice<(command: StaticString, shape: ReplyShape)> {
    choice == .classic ? Handshake.questions[1...] : Handshake.questions[...]
  }

  enum Step {
    case more
    case done(ServerIdentity)
    case failed(MemcachedError)
  }

  /// Takes the answer to the next question; nil when the server refused it (a proxy without `stats`).
  mutating func answered(_ reply: Reply?) -> Step {
    switch (questions[questions.startIndex + answers].shape, reply) {
    case (.noop, .accepted?): knowsMeta = true
    case (.version, .version(let text)?): version = ServerVersion(text)
    case (.version, _):
      return .failed(MemcachedError(.protocolViolation, "the server does not tell its version"))
    case (.stats, .stats(let statistics)?): learn(statistics)
    default: break
    }
    answers += 1
    return answers < questions.count ? .more : conclusion()
  }

  private mutating func learn(_ statistics: [Statistic]) {
    func number(_ name: String) -> UInt64? {
      statistics.first { $0.name == name }.flatMap { UInt64($0.value) }
    }
    if let size = number("item_size_max") { itemSizeMax = Int(clamping: size) }
    // `time` − `uptime` is fixed when the process starts: with the pid it names one life of one server.
    guard let pid = number("pid"), let time = number("time"), let uptime = number("uptime") else { return }
    boot = Boot.number(nodeName: nodeName, pid: pid, started: time &- uptime)
  }

  private func conclusion() -> Step {
    let isMeta = knowsMeta && version.map { $0 >= .firstWithMeta } ?? false
    if choice == .meta, !isMeta {
      let text = "the server (\(version?.text ?? "?")) does not speak the meta protocol of 1.6.10 or later"
      return .failed(MemcachedError(.unsupported, text))
    }
    return .done(
      ServerIdentity(
        version: version, wireProtocol: isMeta && choice != .classic ? .meta : .classic,
        boot: boot ?? bootFallback, itemSizeMax: itemSizeMax))
  }
}

/// Makes the number in `CASToken.boot`: equal for all connections to one life of one server.
enum Boot {
  /// 64-bit FNV-1a over the three, finished by the mixer of SplitMix64 so that near inputs differ widely.
  static func number(nodeName: String, pid: UInt64, started: UInt64) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for byte in nodeName.utf8 { mix(byte) }
    for number in [pid, started] {
      for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }
    hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
    hash ^= hash >> 31
    return hash == CASToken.anyBoot ? 1 : hash
  }
}
