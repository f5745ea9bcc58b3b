// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// Where real clients put forty keys: pylibmc 1.6.3 with libmemcached 1.0.16 and, the same, 1.1.4;
/// twemproxy 0.5.0; python-memcached 1.62; pymemcache 4.0.0. Written down by means of
/// Tests/IntegrationTests/Distributions, which lets them do it again.
struct RingVector: Sendable {
  var distribution: Distribution
  var nodes: [RingNode]
  /// For each of `keys` the index of its node, in base 20.
  var indices: String

  static let keys =
    [
      "a", "b", "foo", "bar", "user:1", "user:2", "user:3", "user:42", "user:1000", "session/9f8e7d",
      "cart:17:items", String(repeating: "k", count: 250), "größe", "ключ", "鍵", "🎈", "x-y_z", "0", "00",
      "42", "!", "~", "/path/to?x=1&y=2", "{tag}rest", "AAAA", "AAAB", "news:front", "news:sport", "lock:7",
      "rate:10.1.2.3", "img:1", "img:2", "img:3", "img:4", "img:5", "img:6", "tmpl:home", "tmpl:login",
      "feature-flags", "version",
    ]

  static let five = nodes([("1", 11211), ("2", 11211), ("3", 21001), ("3", 21002), ("4", 21003)])
  static let fiveWeighted = zip(five, [2, 1, 3, 5, 1]).map { RingNode($0.address, weight: $1) }
  static let twenty = nodes((0..<20).map { ("\($0 + 10)", UInt16(21100 + $0)) })

  private static func nodes(_ addresses: [(String, UInt16)]) -> [RingNode] {
    addresses.map { RingNode(.tcp(host: "127.77.5.\($0)", port: $1)) }
  }

  static let all = [
    RingVector(
      distribution: .ketama, nodes: five, indices: "1242412032434100141341111211330220404223"),
    RingVector(
      distribution: .ketamaMD5, nodes: five, indices: "1244332043223311113311431430400302133113"),
    RingVector(
      distribution: .ketamaWeighted, nodes: five, indices: "3043330340231401432011400424102323202334"),
    RingVector(
      distribution: .ketamaTwemproxy, nodes: five, indices: "0020111023013403201100301110231111110023"),
    RingVector(
      distribution: .ketamaTwemproxyMD5, nodes: five, indices: "3043330340231401432011400424102323202334"),
    RingVector(
      distribution: .modula, nodes: five, indices: "2301112124211133241143222244424224303430"),
    RingVector(
      distribution: .crc32Modula, nodes: five, indices: "2323302120002222201122130124402443340111"),
    RingVector(
      distribution: .rendezvous, nodes: five, indices: "0143023031120322304334013203113044344212"),
    RingVector(
      distribution: .ketama, nodes: fiveWeighted, indices: "3331304233323342320222223334341332320033"),
    RingVector(
      distribution: .ketamaMD5, nodes: fiveWeighted, indices: "3003332330233103132031400223322323202334"),
    RingVector(
      distribution: .ketamaWeighted, nodes: fiveWeighted, indices: "3003332330233103132031400223322323202334"),
    RingVector(
      distribution: .ketamaTwemproxy, nodes: fiveWeighted, indices: "0022333323333303202200301110231111113023"
    ),
    RingVector(
      distribution: .ketamaTwemproxyMD5, nodes: fiveWeighted,
      indices: "3003332330233103132031400223322323202334"),
    RingVector(
      distribution: .crc32Modula, nodes: fiveWeighted, indices: "4333302303344303343343320004344330333202"),
    RingVector(
      distribution: .ketama, nodes: twenty, indices: "3f7e9d9diffgh95cjh3h7774i41a39aieheh111j"),
    RingVector(
      distribution: .ketamaMD5, nodes: twenty, indices: "8432ff92gdbbc6gi573f13c7j4cddi44h03e0abh"),
    RingVector(
      distribution: .ketamaWeighted, nodes: twenty, indices: "gh22c076gdfe2j0i8d4f3hdc886ebi8ih44e3e4b"),
    RingVector(
      distribution: .ketamaTwemproxy, nodes: twenty, indices: "777b555848261818c788774ehhjbgjjjjjjj5ca4"),
    RingVector(
      distribution: .ketamaTwemproxyMD5, nodes: twenty, indices: "gh22c076gdfe2j0i8d4f3hdc886ebi8ih44e3e4b"),
    RingVector(
      distribution: .modula, nodes: twenty, indices: "2351bbc67jcg16d82jggj877chj447427jd08e8f"),
    RingVector(
      distribution: .crc32Modula, nodes: twenty, indices: "7i73d07bc5ff77c27f6g77635ghjjf7e9dij511g"),
    RingVector(
      distribution: .rendezvous, nodes: twenty, indices: "8fagh03bj7gcf3a10f0b941hf26d9e9f4348h098"),
  ]
}
