// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import GnuTLS
import Memcached

/// Who somebody with this token is, and what they may do. The token itself is nowhere: only its hash is known.
final class Token: Sendable {
  let name: String
  let rights: Set<Right>
  /// What its keys begin with; empty = all keys.
  let keyPrefix: [UInt8]

  init(name: String, rights: Set<Right>, keyPrefix: [UInt8] = []) {
    self.name = name
    self.rights = rights
    self.keyPrefix = keyPrefix
  }

  func check(_ right: Right) throws(Problem) {
    if rights.contains(right) { return }
    // RFC 6750 §3.1: what would be needed.
    throw Problem(
      .forbidden, "this needs the right `\(right.rawValue)`, which the token \(name) does not have"
    )
    .with(
      "WWW-Authenticate", "\(Bearer.challenge), error=\"insufficient_scope\", scope=\"\(right.rawValue)\"")
  }

  func check(_ key: Key) throws(Problem) {
    if keyPrefix.isEmpty || key.bytes.starts(with: keyPrefix) { return }
    throw Problem(.keyForbidden, "the token \(name) is for keys that begin with `\(keyPrefixText)`")
  }

  /// For what concerns all keys, whoever they belong to.
  func checkAllKeys() throws(Problem) {
    if keyPrefix.isEmpty { return }
    throw Problem(
      .keyForbidden,
      "this concerns all keys, and the token \(name) is for those that begin with `\(keyPrefixText)`")
  }

  private var keyPrefixText: String { String(decoding: keyPrefix, as: UTF8.self) }
}

/// All tokens there are. They do not change: a reload makes others.
struct Tokens: Sendable {
  private let byHash: [TokenHash: Token]

  init(_ byHash: [TokenHash: Token]) { self.byHash = byHash }

  /// Whose token it is; nil when it is nobody's.
  ///
  /// It is looked for by its hash. How long that takes tells something of the hash at the most, which its
  /// sender knows anyway and cannot choose: to come near that of a token is as hard as to break SHA-256.
  func token(_ secret: [UInt8]) -> Token? { byHash[TokenHash(of: secret)] }
}

/// The SHA-256 digest of a token.
///
/// Passwords need a slow hash, since people choose them and others can guess. Tokens are 32 random bytes, of
/// which all the time there is would not try a noticeable part; a fast one is right, as it is in each request.
struct TokenHash: Hashable, Sendable {
  private let words: SIMD4<UInt64>

  init(of secret: [UInt8]) { self.init(digest: sha256(secret)) }

  private init(digest: [UInt8]) {
    var words = SIMD4<UInt64>()
    for (index, byte) in digest.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
    self.words = words
  }

  /// As it stands in the file: 64 hexadecimal digits; nil for anything else.
  init?(hexadecimal text: Substring) {
    let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == 64, text.utf8.count == 64 else { return nil }
    self.init(digest: (0..<32).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) })
  }

  var hexadecimal: String {
    (0..<4).map { index in
      let text = String(words[index], radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
  }

  /// All of it in every case, so that the time does not tell how much of two hashes is the same.
  static func == (one: TokenHash, other: TokenHash) -> Bool {
    let difference = one.words ^ other.words
    return difference[0] | difference[1] | difference[2] | difference[3] == 0
  }
}

/// A token for somebody, made of the system's randomness.
public struct NewToken: Sendable {
  /// For its owner, and for nobody else.
  public let secret: String
  /// For the file.
  public let line: String

  /// - Parameter rights: as in the file, `read,write`.
  public init(name: String, rights: String, keyPrefix: String = "") throws(TokenFileError) {
    // The system's generator is that of getrandom(2), made for keys.
    var generator = SystemRandomNumberGenerator()
    let digits = (0..<4).map { _ in
      let text = String(generator.next(), radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    // Recognized by those who look for secrets in places where there should be none.
    secret = "crossfade_" + digits.joined()
    let hash = TokenHash(of: Array(secret.utf8)).hexadecimal
    line = "\(name) sha256:\(hash) \(rights)" + (keyPrefix.isEmpty ? "" : " \(keyPrefix)")
    // By the rules of the file, whatever is wrong with it.
    _ = try TokenFile.read(line)
  }
}
