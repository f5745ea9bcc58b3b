// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging

/// Whom the gateway serves. One for all workers, and none where nobody is asked who they are.
///
/// It does not change. Each worker has a reference to it, so that a reload puts another in its place by a letter
/// to each (`ServiceContext.access`); a request is judged by the one that is there when it comes.
final class AccessControl: Sendable {
  private let tokens: Tokens?

  /// Nil when there is nothing to be controlled.
  /// - Parameter tokens: nil = everybody may do everything.
  init?(tokens: Tokens?) {
    if tokens == nil { return nil }
    self.tokens = tokens
  }

  /// Who asks, after a look at whether they may; nil where nobody has to say who they are.
  func caller(of request: any IncomingRequest, needing need: Need) throws(Problem) -> Token? {
    guard let tokens, need != .nothing else { return nil }
    let token = try Bearer.token(of: request, tokens)
    if case .right(let right) = need { try token.check(right) }
    return token
  }
}

extension AccessControl {
  /// Reads the file of tokens. It could be read when the settings were; this may still fail, as it may have
  /// changed since.
  static func reading(_ settings: Settings, _ log: Logger) throws(StartError) -> AccessControl? {
    guard let path = settings.tokensFile else { return nil }
    do {
      let file = try TokenFile(path)
      if let exposure = file.exposure {
        log.warning("tokens file is not private", metadata: ["file": "\(path)", "reason": "\(exposure)"])
      }
      return AccessControl(tokens: file.tokens)
    } catch {
      throw StartError(description: "the tokens of \(path): \(error)")
    }
  }
}
