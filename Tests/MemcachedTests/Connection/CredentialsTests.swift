// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Memcached

@Suite struct CredentialsTests {
  @Test(
    "a line is a user and a password, which may have colons",
    arguments: [
      ("alice:s3cret", "alice", "s3cret"), ("alice:s3cret\n", "alice", "s3cret"),
      ("alice:s3cret\r\n", "alice", "s3cret"), ("a:b:c", "a", "b:c"), ("jürgen:größe", "jürgen", "größe"),
    ])
  func lines(_ line: String, _ user: String, _ password: String) throws {
    let credentials = try Credentials(line: line)
    #expect(credentials.user == user)
    #expect(credentials.password == password)
  }

  @Test(
    "any other line is refused with a reason that does not quote it",
    arguments: [
      ("", "user:password"), ("s3cret", "user:password"), (":s3cret", "user is empty"),
      ("s3cret:", "password is empty"), ("s3cret:a b", "space"), ("a:s3cret\t", "control"),
      ("a:s3cret\nb:s3cret\n", "more than one line"), ("a:s3cret\n\n", "more than one line"),
      ("a:s3cret" + String(repeating: "x", count: 250), "254 bytes"),
    ])
  func badLines(_ line: String, _ reason: String) throws {
    let error = try #require(throws: Credentials.Invalid.self) { _ = try Credentials(line: line) }
    #expect(error.description.contains(reason))
    #expect(!error.description.contains("s3cret"))
  }

  @Test("the password is not printed, dumped or part of the settings' text")
  func hidden() throws {
    let credentials = try Credentials(line: "alice:s3cret")
    var settings = NodeSettings()
    settings.credentials = credentials
    var dumped = ""
    dump(settings, to: &dumped)
    for text in ["\(credentials)", String(reflecting: credentials), "\(settings)", dumped] {
      #expect(text.contains("alice"))
      #expect(!text.contains("s3cret"))
    }
  }
}
