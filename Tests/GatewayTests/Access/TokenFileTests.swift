// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Testing

@testable import Gateway

@Suite struct TokenFileTests {
  /// `printf secret | sha256sum`
  private static let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
  private static let other = String(repeating: "0a", count: 32)

  private func token(_ secret: String, in text: String) throws -> Token? {
    try TokenFile.read(text).token(Array(secret.utf8))
  }

  @Test("a token is found by what it is, with its name, its rights and its prefix")
  func found() throws {
    let text = """
      # name hash rights prefix

      web\tsha256:\(Self.hash)   read,write  web:
        #x sha256:nonsense
      ops sha256:\(Self.other) admin\r

      """
    let token = try #require(try token("secret", in: text))
    #expect(token.name == "web")
    #expect(token.rights == [.read, .write])
    #expect(token.keyPrefix == Array("web:".utf8))
    for wrong in ["", "Secret", "secret ", "secre", Self.hash, "sha256:\(Self.hash)"] {
      #expect(try self.token(wrong, in: text) == nil)
    }
  }

  @Test("digits of a hash may be of either case")
  func cases() throws {
    #expect(try token("secret", in: "web sha256:\(Self.hash.uppercased()) read") != nil)
  }

  private static let faults: [(String, String)] = [
    ("", "there is no token in it"),
    ("# nothing\n\n", "there is no token in it"),
    ("web", "line 1: 1 fields"),
    ("\n\nweb sha256:\(hash)", "line 3: 2 fields"),
    ("web sha256:\(hash) read a b", "line 1: 5 fields"),
    ("we:b sha256:\(hash) read", "\"we:b\" is no name"),
    ("\(String(repeating: "n", count: 65)) sha256:\(hash) read", "is no name"),
    ("wéb sha256:\(hash) read", "is no name"),
    ("web \(hash) read", "the second field is not sha256:"),
    ("web md5:\(hash) read", "the second field is not sha256:"),
    ("web sha256:\(hash.dropLast()) read", "the second field is not sha256:"),
    ("web sha256:\(hash)0 read", "the second field is not sha256:"),
    ("web sha256:\(hash.dropLast())g read", "the second field is not sha256:"),
    ("web sha256:\(hash) Read", "\"Read\" is no right; there are read, write, admin"),
    ("web sha256:\(hash) read,", "\"\" is no right"),
    ("web sha256:\(hash) read,read", "the right read stands there twice"),
    ("web sha256:\(hash) read k\u{7F}", "no key can begin with"),
    ("web sha256:\(hash) read \(String(repeating: "k", count: 251))", "at most 250 bytes"),
    ("web sha256:\(hash) read\nweb sha256:\(other) read", "line 2: the name \"web\" is that of line 1, too"),
    ("web sha256:\(hash) read\nops sha256:\(hash) read", "line 2: the token is that of \"web\", too"),
  ]

  @Test("what cannot be is told with its line", arguments: faults)
  func fault(_ text: String, _ reason: String) throws {
    let error = try #require(throws: TokenFileError.self) { try TokenFile.read(text) }
    #expect(error.faults.count == 1)
    #expect(error.description.contains(reason), "\(error)")
  }

  @Test("all that is wrong is told at once, and not what may be a token")
  func allAtOnce() throws {
    let text = "a hunter2 read\nb sha256:\(Self.hash) reed\nc\n"
    let error = try #require(throws: TokenFileError.self) { try TokenFile.read(text) }
    #expect(error.faults.map { $0.prefix(7) } == ["line 1:", "line 2:", "line 3:"])
    #expect(!error.description.contains("hunter2"))
  }

  @Test("a token that is made is known by its line, and none is made twice")
  func made() throws {
    let tokens = try (0..<100).map { try NewToken(name: "n\($0)", rights: "read,admin", keyPrefix: "p:") }
    #expect(Set(tokens.map(\.secret)).count == 100)
    let all = try TokenFile.read(tokens.map(\.line).joined(separator: "\n"))
    for (index, token) in tokens.enumerated() {
      #expect(token.secret.utf8.count == "crossfade_".utf8.count + 64)
      #expect(all.token(Array(token.secret.utf8))?.name == "n\(index)")
      #expect(!token.line.contains(token.secret.dropFirst("crossfade_".count)))
    }
    #expect(throws: TokenFileError.self) { try NewToken(name: "n", rights: "reed") }
    #expect(throws: TokenFileError.self) { try NewToken(name: "n\nm", rights: "read") }
  }

  @Test(
    "a file is read, and one that others can read or write is told of",
    arguments: [0o600, 0o640, 0o644, 0o602])
  func file(_ mode: Int) throws {
    let path = NSTemporaryDirectory() + "tokens-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "web sha256:\(Self.hash) read".write(toFile: path, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    let file = try TokenFile(path)
    #expect(file.tokens.token(Array("secret".utf8)) != nil)
    let expected = [0o644: "others can read it", 0o602: "others can write it"][mode]
    #expect(file.exposure == expected)
  }

  @Test("that there is no file is a fault of the setting, and so is each line that is wrong")
  func settings() throws {
    let missing = try #require(throws: SettingsError.self) {
      try Settings.resolve(flags: [.tokens: ["/nowhere/tokens"]])
    }
    #expect(missing.faults.map(\.name) == [.tokens])
    #expect(missing.description.contains("No such file"))
    let path = NSTemporaryDirectory() + "tokens-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "a\nb\n".write(toFile: path, atomically: false, encoding: .utf8)
    let wrong = try #require(throws: SettingsError.self) {
      try Settings.resolve(flags: [.tokens: [path], .listen: ["0.0.0.0:80"]])
    }
    #expect(wrong.faults.map(\.name) == [.tokens, .tokens])
  }

  @Test("with tokens any address may be listened on")
  func exposure() throws {
    let path = NSTemporaryDirectory() + "tokens-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "web sha256:\(Self.hash) read".write(toFile: path, atomically: false, encoding: .utf8)
    let settings = try Settings.resolve(flags: [
      .tokens: [path], .listen: ["0.0.0.0:80"], .admin: ["[::]:81"],
    ])
    #expect(settings.tokensFile == path)
    #expect(throws: SettingsError.self) { try Settings.resolve(flags: [.listen: ["0.0.0.0:80"]]) }
  }
}
