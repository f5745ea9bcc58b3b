// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// How `--cors-origin` is read.

extension SettingsSyntax {
  /// An origin as browsers write it into `Origin` (RFC 6454 §6.2), since the two are compared byte by byte: in
  /// lower case, without a path and without the port that its scheme has anyway. Or `*`.
  static func origin(_ text: String) throws(InvalidValue) -> String {
    if text == "*" { return text }
    guard let mark = text.firstRange(of: "://") else { throw InvalidValue("no \"://\"") }
    let (scheme, authority) = (text[..<mark.lowerBound], String(text[mark.upperBound...]))
    guard isScheme(scheme) else { throw InvalidValue("\(quoted(String(scheme))) is no scheme in lower case") }
    if authority.hasSuffix("/") { throw InvalidValue("browsers send it without the \"/\" at its end") }
    guard authority == authority.lowercased() else { throw InvalidValue("browsers send it in lower case") }
    let (_, port) = try hostAndPort(authority, ports: 1...65535)
    if let port, (scheme, port) == ("http", 80) || (scheme, port) == ("https", 443) {
      throw InvalidValue("browsers leave out \":\(port)\" behind \(scheme)")
    }
    return text
  }

  private static func isScheme(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, (0x61...0x7A).contains(first) else { return false }
    return text.utf8.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || "+-.".utf8.contains(byte)
    }
  }
}
