// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Reactor

/// Whom the gateway serves, and how often. One for all workers, and none where anybody is, as often as they like.
///
/// It does not change. Each worker has a reference to it, so that a reload puts another in its place by a letter
/// to each (`Worker.replace`); a request is judged by the one that is there when it comes.
final class AccessControl: Sendable {
  private let tokens: Tokens?
  private let rate: RequestRate?

  /// Nil when there is nothing to be controlled.
  /// - Parameters:
  ///   - tokens: nil = everybody may do everything.
  ///   - rate: nil = as often as they like.
  init?(tokens: Tokens?, rate: RequestRate? = nil) {
    if tokens == nil, rate == nil { return nil }
    self.tokens = tokens
    self.rate = rate
  }

  /// Who asks, if they may; nil where nobody has to say who they are. The request counts.
  ///
  /// By address it counts before the token is looked at, so that who tries tokens is limited, too. What needs the
  /// right to administer does not count: who looks after a gateway that is overrun must get in.
  func admit(_ request: any IncomingRequest, needing need: Need, now: Instant) throws(Problem) -> Token? {
    if need == .nothing { return nil }
    let rate = need == .admin ? nil : rate
    if let rate, rate.limits.by == .address { try take(.address(request.clientAddress), rate, now) }
    let caller = try caller(of: request, needing: need)
    if let rate, rate.limits.by == .token, let caller { try take(.token(caller.name), rate, now) }
    return caller
  }

  /// Whether the one who asks may, before the body is here. It counts if it is refused by that, and otherwise when
  /// it is admitted.
  func check(_ request: any IncomingRequest, needing need: Need, now: Instant) throws(Problem) {
    if need == .nothing { return }
    do { _ = try caller(of: request, needing: need) } catch {
      if need != .admin, let rate, rate.limits.by == .address {
        try take(.address(request.clientAddress), rate, now)
      }
      throw error
    }
  }

  private func caller(of request: any IncomingRequest, needing need: Need) throws(Problem) -> Token? {
    guard let tokens else { return nil }
    let token = try Bearer.token(of: request, tokens)
    // Before it is judged: whose request was refused is what its line in the log is read for.
    request.notes.caller = token.name
    if case .right(let right) = need { try token.check(right) }
    return token
  }

  private func take(_ client: RequestRate.Client, _ rate: RequestRate, _ now: Instant) throws(Problem) {
    guard let wait = rate.take(client, now: now) else { return }
    let seconds = (wait.wholeNanoseconds + 999_999_999) / 1_000_000_000
    let (perSecond, burst) = (rate.limits.perSecond, rate.limits.burst)
    throw Problem(
      .rateLimited, "at most \(perSecond) a second, and \(burst) at once, are taken of one \(rate.limits.by)"
    )
    .with("Retry-After", String(seconds))
  }
}

extension AccessControl {
  /// Reads the file of tokens. It could be read when the settings were; this may still fail, as it may have
  /// changed since.
  /// - Parameter previous: the one whose place it takes: what clients have asked for goes on to count.
  static func reading(
    _ settings: Settings, _ log: Logger, previous: AccessControl? = nil
  ) throws(StartError) -> AccessControl? {
    let rate = settings.requestRate.map { limits in
      if let rate = previous?.rate, rate.limits == limits { rate } else { RequestRate(limits) }
    }
    guard let path = settings.tokensFile else { return AccessControl(tokens: nil, rate: rate) }
    do {
      let file = try TokenFile(path)
      if let exposure = file.exposure {
        log.warning("tokens file is not private", metadata: ["file": "\(path)", "reason": "\(exposure)"])
      }
      return AccessControl(tokens: file.tokens, rate: rate)
    } catch {
      throw StartError(description: "the tokens of \(path): \(error)")
    }
  }
}

extension Settings {
  /// Nil where requests are not limited.
  fileprivate var requestRate: RequestRate.Limits? {
    if rateLimit == 0 { return nil }
    return RequestRate.Limits(perSecond: rateLimit, burst: rateBurst ?? rateLimit, by: rateLimitBy)
  }
}
