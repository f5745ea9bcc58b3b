// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc

/// One HTTP request and its reply. It waits until it is answered.
///
/// Header accessors are valid until the exchange is answered or gone: take out what an answer will need.
/// Whoever holds an exchange may answer it or let go of it at any time, also when the client has gone.
public final class Exchange {
  /// How far the request has come: libmicrohttpd calls one handler for all of it.
  enum Stage {
    /// The request line is here.
    case announced
    /// The head has been admitted, the body is coming.
    case receiving
    /// The body has grown above the limit and is read only to be dropped, so that the client comes to
    /// read the answer.
    case discarding
    /// All of it is here; `handle` has been called.
    case waiting
    /// The answer is libmicrohttpd's.
    case sending
  }

  public internal(set) var method = Method.get
  /// The request target as it was sent, percent-encoded (RFC 9112 §3.2).
  public let rawTarget: [UInt8]
  /// The whole body; complete when `handle` is called, and let go of by `answer`.
  public internal(set) var body: [UInt8] = []
  /// The announced length of the body; nil when there is none or it is chunked.
  public internal(set) var contentLength: Int?
  /// The client has gone; an answer would be dropped.
  public internal(set) var isGone = false
  /// `answer` has been called.
  public private(set) var isAnswered = false

  var stage = Stage.announced
  var isChunked = false
  /// Bytes of the body that were read, kept or not.
  var receivedCount = 0
  /// The answer, until it has been sent.
  private(set) var response: Response?
  /// nil once the exchange is gone.
  private(set) var daemon: Daemon?
  private var connection: OpaquePointer?
  /// The connection's descriptor: the daemon's name for it.
  let descriptor: Int32

  init(target: UnsafePointer<CChar>, connection: OpaquePointer, daemon: Daemon) {
    rawTarget = Array(UnsafeRawBufferPointer(start: target, count: strlen(target)))
    descriptor = cmh_connection_descriptor(connection)
    self.connection = connection
    self.daemon = daemon
  }

  var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

  /// Answers, exactly once. Does nothing when the client has gone.
  public func answer(_ response: Response) {
    precondition(!isAnswered, "an exchange is answered exactly once")
    isAnswered = true
    body = []
    guard let daemon else { return }
    self.response = response
    if stage == .waiting { daemon.noteAnswer() }
  }

  /// libmicrohttpd has done with the request, one way or the other.
  func end() {
    isGone = true
    connection = nil
    daemon = nil
    // Once lent, the answer's bytes are given back by another call, which comes after this one.
    if stage != .sending { response = nil }
  }

  // MARK: Request headers

  /// Which fields the request may have; known before a handler sees it.
  var fieldNames = FieldNames()

  /// The first field of that name (case-insensitive), white space at its end removed.
  public func header(_ name: StaticString) -> String? {
    guard fieldNames.mayContain(name), let connection else { return nil }
    var value: UnsafePointer<CChar>?
    var length = 0
    let found = name.withUTF8Buffer { name in
      name.withMemoryRebound(to: CChar.self) { name in
        MHD_lookup_connection_value_n(connection, .HEADER_KIND, name.baseAddress, name.count, &value, &length)
      }
    }
    guard found == .YES, let value else { return nil }
    return Exchange.trimmed(value, length)
  }

  /// All fields of that name, in order.
  public func headers(_ name: StaticString) -> [String] {
    guard fieldNames.mayContain(name), let connection else { return [] }
    var search = Search(name: name)
    withUnsafeMutablePointer(to: &search) { search in
      _ = MHD_get_connection_values_n(
        connection, .HEADER_KIND,
        { context, _, name, nameLength, value, length in
          // The context is `search`, passed below; a field always has a name and a value.
          guard let context, let name, let value else { return .YES }
          context.assumingMemoryBound(to: Search.self).pointee.look(name, nameLength, value, length)
          return .YES
        }, search)
    }
    return search.values
  }

  private struct Search {
    let name: StaticString
    var values: [String] = []

    mutating func look(
      _ name: UnsafePointer<CChar>, _ nameLength: Int, _ value: UnsafePointer<CChar>, _ length: Int
    ) {
      if nameLength == self.name.utf8CodeUnitCount, strcasecmp(name, cString(self.name)) == 0 {
        values.append(Exchange.trimmed(value, length))
      }
    }
  }

  private static func trimmed(_ value: UnsafePointer<CChar>, _ length: Int) -> String {
    var length = length
    while length > 0, value[length - 1] == 0x20 || value[length - 1] == 0x09 { length -= 1 }
    return String(decoding: UnsafeRawBufferPointer(start: value, count: length), as: UTF8.self)
  }

  // MARK: The answer's way out

  /// Makes libmicrohttpd's object of the answer, which the caller destroys once it is queued; nil when there
  /// is no memory for it. An answer with a field that HTTP cannot carry becomes an empty 500.
  func makeResponseObject(closing: Bool) -> (status: UInt32, object: OpaquePointer)? {
    if let status = response?.status, let object = lendBody() {
      if addFields(to: object, closing: closing) { return (UInt32(clamping: status), object) }
      MHD_destroy_response(object)
    }
    response = Response(status: 500, closesConnection: true)
    guard let object = lendBody() else { return nil }
    if addFields(to: object, closing: closing) { return (500, object) }
    MHD_destroy_response(object)
    return nil
  }

  private func addFields(to object: OpaquePointer, closing: Bool) -> Bool {
    guard let response else { return false }
    // Before all others: libmicrohttpd looks for `Connection` at the front of its list.
    if closing || response.closesConnection, MHD_add_response_header(object, "Connection", "close") != .YES {
      return false
    }
    return FieldBlock.add(response.headers, to: object)
  }

  /// Hands the answer's body to libmicrohttpd without a copy. The only place where bytes of Swift's go to C
  /// for longer than a call.
  ///
  /// The pointer outlives the closure that gives it because an array's elements lie in one heap block, which
  /// moves only when the array is changed: `response` is not touched until the library calls back to say
  /// that it is done, and the reference taken here keeps the exchange, and so the array, until then.
  private func lendBody() -> OpaquePointer? {
    guard let response, !response.body.isEmpty else {
      return MHD_create_response_from_buffer(0, Exchange.nothing, .RESPMEM_PERSISTENT)
    }
    let lender = Unmanaged.passRetained(self)
    let object = response.body.withUnsafeBytes { bytes in
      MHD_create_response_from_buffer_with_free_callback_cls(
        bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress),
        { lender in
          // The lender is the exchange retained above, and this is called once for each object.
          let exchange = Unmanaged<Exchange>.fromOpaque(lender!).takeRetainedValue()
          exchange.response = nil
        }, lender.toOpaque())
    }
    if object == nil { lender.release() }
    return object
  }

  /// Where an empty body points to: some address that stays, since a NULL would not do.
  private static var nothing: UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(mutating: ("" as StaticString).utf8Start)
  }
}
