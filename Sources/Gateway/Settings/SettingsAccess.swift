// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// How the settings are read that say whom the gateway serves. The file of tokens is read with them, so that a
// wrong one is told before anything is served.

extension SettingsResolver {
  mutating func readAccess() {
    readLast(.tokens, \.tokensFile, SettingsSyntax.path)
    if let path = settings.tokensFile {
      do { _ = try TokenFile(path) } catch {
        for reason in error.faults { fault(.tokens, path, reason) }
      }
    }
    readLast(.rateLimit, \.rateLimit, SettingsSyntax.count(in: 0...1_000_000))
    readLast(.rateBurst, \.rateBurst) { text throws(InvalidValue) in
      try SettingsSyntax.count(text, 1...1_000_000)
    }
    readLast(.rateLimitBy, \.rateLimitBy, SettingsSyntax.choice)
    if settings.rateLimitBy == .token, settings.tokensFile == nil {
      fault(.rateLimitBy, "token", "there are none (\(SettingName.tokens.flag))")
    }
    readLast(.keyPrefix, \.keyPrefix, SettingsSyntax.keyPrefix)
  }
}

extension SettingsSyntax {
  static func keyPrefix(_ text: String) throws(InvalidValue) -> KeyPrefix? {
    do { return try KeyPrefix(text) } catch { throw InvalidValue("no key can begin with it: \(error)") }
  }
}
