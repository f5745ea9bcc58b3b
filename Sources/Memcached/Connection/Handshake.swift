// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a connection learns of its server before it carries requests.
struct ServerIdentity: Hashable, Sendable {
  var version: ServerVersion?
  var wireProtocol: NodeStatus.WireProtocol
  /// What cas tokens of this connection carry; `CASToken.anyBoot`: none are given.
  var boot: UInt64
  /// `item_size_max` in bytes; nil when the server does not tell (a proxy).
  var itemSizeMax: Int?
  /// Whether there are several servers behind it: commands to a whole server are not for it.
  var isProxy = false
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
///     servers             mn, version, stats, stats settings ─► one write, one round trip
///     with a password     version ─ refused ─► set … ─ STORED ─► the same questions
///                            └─ answered: no password is wanted ──► the same questions
///     proxies             gets, of any key
///
/// Which protocol: meta only if `mn` was answered `MN` *and* the release is at least 1.6.10; both
/// questions, because releases 1.5.19 to 1.6.9 know `mn` but another `ms`.
///
/// A server that asks for no password would keep the one that it is sent as an item that everybody can read.
/// So it is sent only to those that have refused a question for want of it.
///
/// A proxy is told by the choice of protocol: twemproxy closes the connection on all of the questions but
/// `version`, and before 0.5 on that, too. So it is asked what every proxy answers.
struct Handshake {
  struct Question: Sendable {
    let bytes: [UInt8]
    let shape: ReplyShape
    var key: Key?

    init(_ text: String, _ shape: ReplyShape, key: Key? = nil) {
      bytes = Array((text + "\r\n").utf8)
      self.shape = shape
      self.key = key
    }
  }

  private enum Stage {
    /// Whether the server wants a password.
    case probing(Credentials)
    case authenticating(Credentials)
    case asking
  }

  private static let survey = [
    Question("mn", .noop), Question("version", .version), Question("stats", .stats),
    Question("stats settings", .stats),
  ]

  private let choice: ProtocolChoice
  private let nodeName: String
  private let bootFallback: UInt64
  private var stage: Stage
  private var answers = 0
  private var knowsMeta = false
  private var version: ServerVersion?
  private var boot: UInt64?
  private var itemSizeMax: Int?

  /// - Parameter bootFallback: the boot when the server does not tell its process id: a number that no
  ///   other connection has, so that a token of it can match nowhere else.
  init(choice: ProtocolChoice, credentials: Credentials? = nil, nodeName: String, bootFallback: UInt64) {
    self.choice = choice
    self.nodeName = nodeName
    self.bootFallback = bootFallback
    stage = credentials.map(Stage.probing) ?? .asking
  }

  /// What to ask now, all at once. A server that is said to be classic is not asked for meta.
  var questions: ArraySlice<Question> {
    switch stage {
    case .probing: return Handshake.survey[1...1]
    case .authenticating(let credentials):
      // The server looks neither at the key nor at the numbers but the last.
      let value = "\(credentials.user) \(credentials.password)"
      return [Question("set auth 0 0 \(value.utf8.count)\r\n\(value)", .store)]
    case .asking where choice == .proxy: return [Handshake.anyKey]
    case .asking: return choice == .classic ? Handshake.survey[1...] : Handshake.survey[...]
    }
  }

  private static let anyKey: Question = {
    let name = "crossfade:handshake"
    guard let key = try? Key(name) else { preconditionFailure("\(name) is a key") }
    return Question("gets \(name)", .get, key: key)
  }()

  enum Step {
    /// The other answers are still to come.
    case more
    /// There are new `questions`.
    case ask
    case done(ServerIdentity)
    case failed(MemcachedError)
  }

  /// Takes the answer to the next question. A failure is a question that the server refused.
  mutating func answered(_ result: Result<Reply, MemcachedError>) -> Step {
    switch stage {
    case .probing(let credentials): return probed(result, credentials)
    case .authenticating(let credentials):
      guard case .success(.stored) = result else { return .failed(refusal(of: credentials)) }
      return goOn(to: .asking)
    case .asking: break
    }
    if wantsPassword(result) {
      return .failed(MemcachedError(.unauthenticated, "the server wants a user and a password"))
    }
    switch (questions[questions.startIndex + answers].shape, result) {
    case (.noop, .success(.accepted)): knowsMeta = true
    case (.version, .success(.version(let text))): version = ServerVersion(text)
    case (.version, _): return .failed(Handshake.noVersion)
    case (.stats, .success(.stats(let statistics))): learn(statistics)
    case (.get, .failure(let error)) where error.kind == .rejected: return .failed(error)
    default: break
    }
    answers += 1
    return answers < questions.count ? .more : conclusion()
  }

  private static let noVersion = MemcachedError(
    .protocolViolation, "the server does not tell its version; if it is a proxy, choose that as the protocol")

  // MARK: The password

  private mutating func probed(_ result: Result<Reply, MemcachedError>, _ credentials: Credentials) -> Step {
    if wantsPassword(result) { return goOn(to: .authenticating(credentials)) }
    guard case .success = result else { return .failed(Handshake.noVersion) }
    return goOn(to: .asking)
  }

  private mutating func goOn(to stage: Stage) -> Step {
    self.stage = stage
    return .ask
  }

  /// `CLIENT_ERROR unauthenticated`: what memcached answers to everything until it has a password.
  private func wantsPassword(_ result: Result<Reply, MemcachedError>) -> Bool {
    guard case .failure(let error) = result, let line = error.serverLine else { return false }
    return line.hasPrefix("CLIENT_ERROR unauthenticated")
  }

  // The server's line stays out of it: a server that is none might answer with what it was sent.
  private func refusal(of credentials: Credentials) -> MemcachedError {
    MemcachedError(.unauthenticated, "the server refuses the user \(credentials.user) with its password")
  }

  /// Whether the server has said nothing so far.
  var isUnanswered: Bool {
    if case .authenticating = stage { false } else { answers == 0 }
  }

  /// Whether an answer might hold the password.
  var isSecret: Bool {
    if case .authenticating = stage { true } else { false }
  }

  // MARK: What is learnt

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
    // Tokens of the servers behind a proxy are bare numbers that repeat, between them and after a restart.
    if choice == .proxy {
      return .done(ServerIdentity(wireProtocol: .classic, boot: CASToken.anyBoot, isProxy: true))
    }
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
