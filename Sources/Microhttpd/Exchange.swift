// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc
import Reactor

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
  /// Answered in its handler's place, whose own answer comes too late.
  private var isGivenUp = false

  /// What is wanted again when it is answered.
  public var notes: ExchangeNotes
  /// Bytes of the body that were received.
  public var receivedBytes: Int { receivedCount }

  var stage = Stage.announced
  var isChunked = false
  /// Bytes of the body that were read, kept or not.
  var receivedCount = 0
  /// The answer, until it has been sent. In parts, as reading one part out of a whole would copy all of it.
  private var status = 0
  private var fields = FieldBlock()
  private var answerBody: [UInt8] = []
  private var closesConnection = false
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
    notes = ExchangeNotes(begun: daemon.loop.now)
  }

  /// Why the body is being dropped.
  var discarded: RequestFault?
  /// Bytes of the body that the daemon counts as held.
  var bodyMemory = 0
  var answerLength: Int { answerBody.count }
  var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

  /// Answers, exactly once. Does nothing when the client has gone.
  public func answer(_ response: consuming Response) {
    if isAnswered {
      precondition(isGivenUp, "an exchange is answered exactly once")
      isGivenUp = false
      return
    }
    isAnswered = true
    dropBody()
    guard let daemon else { return }
    daemon.handler.willAnswer(self, with: response)
    take(response)
    if stage == .waiting { daemon.noteAnswer() }
  }

  func dropBody() {
    body = []
    giveBackBodyMemory()
  }

  private func giveBackBodyMemory() {
    if bodyMemory == 0 { return }
    daemon?.bodyMemory -= bodyMemory
    bodyMemory = 0
  }

  /// Answers in the place of the handler, which may still do so, to nobody.
  func giveUp(with response: Response) {
    answer(response)
    isGivenUp = true
    isGone = true
  }

  private func take(_ response: consuming Response) {
    status = response.status
    fields = response.fields
    answerBody = response.body
    closesConnection = response.closesConnection
  }

  /// libmicrohttpd has done with the request, one way or the other.
  func end() {
    isGone = true
    // A handler may still read the body; it does not count any longer.
    giveBackBodyMemory()
    connection = nil
    daemon = nil
    // Once lent, the answer's bytes are given back by another call, which comes after this one.
    if stage != .sending { answerBody = [] }
  }

  // MARK: Request headers

  /// Which fields the request may have; known before a handler sees it.
  var fieldNames = FieldNames()

  /// The first field of that name (case-insensitive), white space at its end removed.
  public func header(_ name: StaticString) -> String? {
    lookUp(name).map { Exchange.trimmed($0.value, $0.length) }
  }

  /// Shows the value of the only field of that name; nothing where there is none, or where it takes more than
  /// a glance to tell that there is only one. For values that most clients send, without a string of each.
  public func withSole(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
    guard fieldNames.isAtMostOnce(name), let found = lookUp(name) else { return }
    body(UnsafeRawBufferPointer(start: found.value, count: found.length))
  }

  private func lookUp(_ name: StaticString) -> (value: UnsafePointer<CChar>, length: Int)? {
    guard fieldNames.mayContain(name), let connection else { return nil }
    var value: UnsafePointer<CChar>?
    var length = 0
    let found = MHD_lookup_connection_value_n(
      connection, .HEADER_KIND, cString(name), name.utf8CodeUnitCount, &value, &length)
    guard found == .YES, let value else { return nil }
    return (value, length)
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

  /// Whose connection it is; nil for a unix socket's, and once the exchange is gone.
  public var clientAddress: AddressLimit.Address? {
    guard let connection, let address = cmh_connection_address(connection) else { return nil }
    return AddressLimit.Address(address)
  }

  // MARK: The answer's way out

  /// Makes libmicrohttpd's object of the answer, which the caller destroys once it is queued; nil when there
  /// is no memory for it. An answer with a field that HTTP cannot carry becomes an empty 500.
  func makeResponseObject(closing: Bool) -> (status: UInt32, object: OpaquePointer)? {
    if fields.isSound, let object = makeObject(closing: closing) { return (UInt32(clamping: status), object) }
    take(Response(status: 500, closesConnection: true))
    return makeObject(closing: closing).map { (500, $0) }
  }

  private func makeObject(closing: Bool) -> OpaquePointer? {
    guard let object = lendBody() else { return nil }
    if addFields(to: object, closing: closing) { return object }
    MHD_destroy_response(object)
    return nil
  }

  private func addFields(to object: OpaquePointer, closing: Bool) -> Bool {
    guard let daemon else { return false }
    // Before all others: libmicrohttpd looks for `Connection` at the front of its list.
    if closing || closesConnection, MHD_add_response_header(object, "Connection", "close") != .YES {
      return false
    }
    return FieldHandover.add(fields, date: daemon.currentDate, to: object)
  }

  /// Hands the answer's body to libmicrohttpd without a copy. The only place where bytes of Swift's go to C
  /// for longer than a call.
  ///
  /// The pointer outlives the closure that gives it because an array's elements lie in one heap block, which
  /// moves only when the array is changed: `answerBody` is not touched until the library calls back to say
  /// that it is done, and the reference taken here keeps the exchange, and so the array, until then.
  private func lendBody() -> OpaquePointer? {
    if answerBody.isEmpty {
      return MHD_create_response_from_buffer(0, Exchange.nothing, .RESPMEM_PERSISTENT)
    }
    let lender = Unmanaged.passRetained(self)
    let object = answerBody.withUnsafeBytes { bytes in
      MHD_create_response_from_buffer_with_free_callback_cls(
        bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress),
        { lender in
          // The lender is the exchange retained above, and this is called once for each object.
          let exchange = Unmanaged<Exchange>.fromOpaque(lender!).takeRetainedValue()
          exchange.answerBody = []
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
