// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What goes back to the client. `Content-Length`, `Date` and `Connection` are added on the way out.
///
/// A 304, a 204 and the answer to a HEAD leave without their body; the `Content-Length` of a 304 and of the
/// answer to a HEAD is that of `body`, so give the real one (RFC 9110 §8.6).
public struct Response {
  /// The status code, 100 to 999.
  public var status: Int
  /// The fields in the order in which they are sent. A value that HTTP cannot carry (empty, or with a CR, LF
  /// or NUL in it) turns the whole response into an empty 500: nothing of it may reach the client.
  public var headers: [(name: StaticString, value: String)]
  public var body: [UInt8]
  /// Ends the connection after this response (`Connection: close`).
  public var closesConnection: Bool

  public init(
    status: Int, headers: [(name: StaticString, value: String)] = [], body: [UInt8] = [],
    closesConnection: Bool = false
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.closesConnection = closesConnection
  }
}
