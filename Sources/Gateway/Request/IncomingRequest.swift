// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd

/// What handlers see of an HTTP request. An `Exchange` is one; tests bring their own.
///
/// Fields may be asked for until the request is answered or gone, also after a wait.
protocol IncomingRequest: AnyObject {
  var method: Method { get }
  /// As it was sent, percent-encoded.
  var rawTarget: [UInt8] { get }
  var body: [UInt8] { get }
  /// The announced length of the body; nil when there is none or it is chunked.
  var contentLength: Int? { get }
  /// The client has gone; an answer would be dropped.
  var isGone: Bool { get }

  /// Whose connection it is; nil for a unix socket's.
  var clientAddress: AddressLimit.Address? { get }

  /// The first field of that name, case-insensitive.
  func header(_ name: StaticString) -> String?
  /// Shows the value of the only field of that name, if that can be had at a glance.
  func withSole(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void)
  /// All fields of that name, in order.
  func headers(_ name: StaticString) -> [String]
  /// What is remembered of it until it is answered.
  var notes: ExchangeNotes { get set }
  /// The same for the route alone: every request has one, and a change within `notes` would cost as much as
  /// all counting.
  func note(route: Int)
  /// Answers, exactly once.
  func answer(_ response: consuming Response)
}

extension Exchange: IncomingRequest {
  func note(route: Int) { notes.route = route }
}
