// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// What a server does with exchanges. All calls are on the loop's thread.
///
///     head ─► admit ─┬─► body … ─► handle ─► (waits) ─► exchange.answer ─► sent
///                    └─► refused, before `100 Continue`
public protocol ExchangeHandler: AnyObject {
  /// The head of a request is here, the body is not. A response refuses it before `100 Continue`.
  func admit(_ exchange: Exchange) -> Response?
  /// The whole request is here: `exchange.answer` now or later.
  func handle(_ exchange: Exchange)
  /// The answer to a request that cannot be taken; the connection is closed behind it.
  func refuse(_ exchange: Exchange, _ fault: RequestFault) -> Response
  /// As many exchanges wait as may: the answer to one more, or nil for one that has to be handled all the same.
  func turnAway(_ exchange: Exchange) -> Response?
  /// Told of each answer that an exchange is given, right before it is on its way.
  func willAnswer(_ exchange: Exchange, with response: Response)
  /// The client has gone before it was answered.
  func wasAbandoned(_ exchange: Exchange)
}

extension ExchangeHandler {
  public func willAnswer(_ exchange: Exchange, with response: Response) {}
  public func wasAbandoned(_ exchange: Exchange) {}
}

/// Why the HTTP layer itself refuses a request.
public enum RequestFault: Hashable, Sendable {
  /// Not a well-formed HTTP/1.1 message, or one that could be read in two ways; the reason is for people.
  case malformed(String)
  /// `Expect` asks for something else than `100-continue` (RFC 9110 §10.1.1).
  case unknownExpectation
  /// The body is longer than the limit: a chunked one that grew, or an announced one that `admit` let pass.
  case bodyTooLarge(limit: Int)
  /// With this body, those that are held would take too much memory.
  case noBodyMemory
  /// Nothing is wrong with it: a drain's deadline has come before its answer.
  case outOfTime
}

/// What is kept with an exchange until its end, for those who measure and log.
public struct ExchangeNotes {
  /// When all of it was here; before that, when its head was.
  public var begun: Instant
  /// Which of the handler's routes it took.
  public var route = 0
  /// What it is called in logs, once it has been called anything.
  public var id: String?
  /// What its caller is called, where callers have to say who they are.
  public var caller: String?
  /// What the handler asked others for it, and what that took.
  public var steps: String?

  public init(begun: Instant) { self.begun = begun }
}
