// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Memcached
import Reactor

/// Everything that is wrong with a file of tokens.
public struct TokenFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `line 3: …`, or what concerns all of it.
  public let faults: [String]
  public var description: String { faults.joined(separator: "\n") }
}

/// The file of `--tokens`: a line a token, of fields with white space between them.
///
///     # name  hash of the token                rights      only for keys that begin with
///     web     sha256:5e884898da28…1d8          read,write  web:
///     deploy  sha256:0a9f3c51d7e6…77b          admin
struct TokenFile {
  private static let maximumLength = 4 << 20
  private static let maximumNameLength = 64

  let tokens: Tokens
  /// Why the file is not as private as it should be; nil when it is.
  let exposure: String?

  /// Reads and checks all of it.
  init(_ path: String) throws(TokenFileError) {
    let bytes: [UInt8]
    do { bytes = try readFile(path, atMost: TokenFile.maximumLength) } catch {
      throw TokenFileError(faults: ["\(error)"])
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw TokenFileError(faults: ["the file is not UTF-8"])
    }
    tokens = try TokenFile.read(text)
    exposure = TokenFile.exposure(path)
  }

  static func read(_ text: String) throws(TokenFileError) -> Tokens {
    var reader = Reader()
    // As one character, \r\n would be no line's end.
    for (index, line) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .enumerated()
    {
      reader.take(String(line), number: index + 1)
    }
    if reader.faults.isEmpty, reader.byHash.isEmpty {
      // More likely a mistake than meant: nobody could do anything.
      reader.faults.append("there is no token in it")
    }
    if !reader.faults.isEmpty { throw TokenFileError(faults: reader.faults) }
    return Tokens(reader.byHash)
  }

  /// Hashes of random tokens tell nobody a token. But who can write the file has every right, and a token that
  /// somebody made up can be guessed from its hash.
  private static func exposure(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    if status.st_mode & S_IWOTH != 0 { return "others can write it" }
    if status.st_mode & S_IROTH != 0 { return "others can read it" }
    return nil
  }

  private struct Reader {
    var byHash: [TokenHash: Token] = [:]
    var faults: [String] = []
    private var lineOfName: [String: Int] = [:]

    mutating func take(_ line: String, number: Int) {
      let fields = line.split(whereSeparator: \.isWhitespace)
      guard let first = fields.first, !first.hasPrefix("#") else { return }
      do throws(InvalidValue) {
        let (hash, token) = try TokenFile.token(fields)
        if let other = lineOfName.updateValue(number, forKey: token.name) {
          throw InvalidValue("the name \(quoted(token.name)) is that of line \(other), too")
        }
        if let other = byHash.updateValue(token, forKey: hash) {
          throw InvalidValue("the token is that of \(quoted(other.name)), too")
        }
      } catch {
        faults.append("line \(number): \(error.reason)")
      }
    }
  }

  private static func token(_ fields: [Substring]) throws(InvalidValue) -> (TokenHash, Token) {
    guard (3...4).contains(fields.count) else {
      throw InvalidValue(
        "\(fields.count) fields: it is NAME sha256:HASH RIGHTS, and KEY-PREFIX if there is one")
    }
    let name = String(fields[0])
    guard name.utf8.count <= maximumNameLength, name.utf8.allSatisfy(isNameByte) else {
      throw InvalidValue(
        "\(quoted(name)) is no name (up to \(maximumNameLength) letters, digits, _, - or .)")
    }
    // What is wrong here is not repeated: it may be the token itself, put in the place of its hash.
    guard fields[1].hasPrefix("sha256:"), let hash = TokenHash(hexadecimal: fields[1].dropFirst(7)) else {
      throw InvalidValue("the second field is not sha256: and the 64 hexadecimal digits of the token's hash")
    }
    let prefix = fields.count == 4 ? Array(fields[3].utf8) : []
    if !prefix.isEmpty {
      do { _ = try Key(prefix) } catch {
        throw InvalidValue("no key can begin with \(quoted(String(fields[3]))): \(error)")
      }
    }
    return (hash, Token(name: name, rights: try rights(fields[2]), keyPrefix: prefix))
  }

  private static func rights(_ text: Substring) throws(InvalidValue) -> Set<Right> {
    var rights: Set<Right> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let right = Right(rawValue: String(part)) else {
        let names = Right.allCases.map(\.rawValue).joined(separator: ", ")
        throw InvalidValue(
          "\(quoted(String(part))) is no right; there are \(names), with commas between them")
      }
      guard rights.insert(right).inserted else {
        throw InvalidValue("the right \(right.rawValue) stands there twice")
      }
    }
    return rights
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte < 0x80 && (isTokenByte(byte) && !"!#$%&'*+^`|~".utf8.contains(byte))
  }
}
