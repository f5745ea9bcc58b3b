// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// A user and a password, for servers that ask for them in the classic protocol (memcached's `-Y`;
/// protocol.txt, "Authentication").
///
/// Printed, interpolated or dumped it shows the user and hides the password.
public struct Credentials: Hashable, Sendable {
  /// Why a text is none.
  public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// What memcached reads of a line of its file; a longer one could never match.
  public static let longestLine = 254

  public let user: String
  let password: String

  /// Reads `user:password`, one line as in memcached's own file. The password may have colons.
  public init(line: String) throws(Invalid) {
    // The reasons below never quote: it might be the password.
    let text = line.hasSuffix("\r\n") || line.hasSuffix("\n") ? line.dropLast() : line[...]
    guard !text.contains(where: \.isNewline) else { throw Invalid(description: "more than one line") }
    guard let colon = text.firstIndex(of: ":") else {
      throw Invalid(description: "not of the form user:password")
    }
    user = String(text[..<colon])
    password = String(text[text.index(after: colon)...])
    if user.isEmpty { throw Invalid(description: "the user is empty") }
    if password.isEmpty { throw Invalid(description: "the password is empty") }
    // The server splits what it is sent at spaces.
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw Invalid(description: "a space or a control character in it, which memcached does not take")
    }
    if text.utf8.count > Credentials.longestLine {
      throw Invalid(
        description: "longer than \(Credentials.longestLine) bytes, which memcached does not take")
    }
  }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "\(user):(hidden)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}
