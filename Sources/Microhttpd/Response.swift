// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What goes back to the client. `Content-Length`, `Date` and `Connection` are added on the way out.
///
/// A 304, a 204 and the answer to a HEAD leave without their body; the `Content-Length` of a 304 and of the
/// answer to a HEAD is that of `body`, so give the real one (RFC 9110 §8.6).
public struct Response {
  /// The status code, 100 to 999.
  public var status: Int
  /// In the order in which they are sent. One with a value that HTTP cannot carry turns the whole response
  /// into an empty 500: nothing of it may reach the client.
  public var fields: FieldBlock
  public var body: [UInt8]
  /// Ends the connection after this response (`Connection: close`).
  public var closesConnection: Bool

  public init(
    status: Int, fields: FieldBlock = FieldBlock(), body: [UInt8] = [], closesConnection: Bool = false
  ) {
    self.status = status
    self.fields = fields
    self.body = body
    self.closesConnection = closesConnection
  }

  public init(status: Int, headers: [(name: StaticString, value: String)], body: [UInt8] = []) {
    self.init(status: status, fields: FieldBlock(headers), body: body)
  }

  /// Appends a field.
  public mutating func add(_ name: StaticString, _ value: String) { fields.append(name, value) }
}
