// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Reactor
import Testing

/// A client that sends one case and judges what comes back. Each wait of its ends after some seconds.
final class HostileClient {
  let hostile: HostileCase
  private let key: String
  private let connection: RawConnection

  /// - Parameter key: how the case's keys begin.
  init(_ hostile: HostileCase, key: String, address: SocketAddress) throws {
    (self.hostile, self.key) = (hostile, key)
    connection = try RawConnection(to: address, timeout: .seconds(10))
  }

  /// What the backend has to see of it.
  var expectedCommands: [String] {
    let own = hostile.commands(key)
    if case .answers = hostile.outcome { return own + ["mg \(key)after"] }
    return own
  }

  func send(_ pieces: ([UInt8]) -> [[UInt8]]) {
    do {
      for piece in pieces(hostile.bytes(key)) { try connection.send(piece) }
    } catch {
      // Closed on the way, as many have to be. What came back until then says whether rightly.
    }
  }

  /// Reads what came of it.
  func finish() {
    do {
      switch hostile.outcome {
      case .answers(let statuses):
        #expect(try !expect(statuses), "\(hostile.name): it says that it closes")
        try connection.send("GET /keys/\(key)after HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n")
        let answer = try read(isHead: false)
        #expect(answer.status == 200, "\(hostile.name)")
        #expect(answer.body == Array("<\(key)after>".utf8), "\(hostile.name)")
      case .closes(let statuses):
        #expect(try expect(statuses), "\(hostile.name): it does not say that it closes")
        #expect(try rest().isEmpty, "\(hostile.name)")
      case .waits(let statuses):
        #expect(try !expect(statuses), "\(hostile.name): it says that it closes")
        connection.closeWriting()
        #expect(try rest().isEmpty, "\(hostile.name)")
      case .library(let status, let earlier):
        try expect(earlier)
        try expectRefusal(status)
      }
    } catch {
      Issue.record("\(hostile.name): \(error)")
    }
  }

  // MARK: Answers

  /// Reads as many answers. Returns whether the last of them says that the connection ends.
  @discardableResult
  private func expect(_ statuses: [Int]) throws -> Bool {
    var closes = false
    for (index, status) in statuses.enumerated() {
      let isHead = hostile.isHead && index == statuses.count - 1
      let answer = try read(isHead: isHead)
      #expect(answer.status == status, "\(hostile.name), answer \(index)")
      #expect(!closes, "\(hostile.name), answer \(index): the one before it said that it closes")
      closes = answer.has("connection: close")
      let isProblem = answer.has("content-type: application/problem+json")
      #expect(isProblem == (status >= 400), "\(hostile.name), answer \(index)")
      let hasAllow = status == 405 || (status == 204 && hostile.bytes.hasPrefix("OPTIONS"))
      #expect(answer.has("allow: ") == hasAllow, "\(hostile.name), answer \(index)")
      // A value says under which key it was found: nobody else's may come.
      let text = String(decoding: answer.body, as: UTF8.self)
      if status == 200 && !isHead { #expect(text.contains("<\(key)"), "\(hostile.name): \(text)") }
    }
    return closes
  }

  /// An answer of libmicrohttpd's own: 0.9.75 sends the head of some twice, so that only the first line
  /// counts.
  private func expectRefusal(_ status: Int?) throws {
    let text = String(decoding: try rest(), as: UTF8.self)
    let isRight =
      text.isEmpty || (status.map { text.hasPrefix("HTTP/1.1 \($0) ") } ?? text.hasPrefix("HTTP/1.1 4"))
    #expect(isRight, "\(hostile.name): \(text)")
    #expect(!text.contains("<\(key)"), "\(hostile.name): \(text)")
  }

  private struct Answer {
    let status: Int
    /// In small letters, without the line ends.
    let fields: [String]
    var body: [UInt8] = []

    func has(_ start: String) -> Bool { fields.contains { $0.hasPrefix(start) } }
  }

  private func read(isHead: Bool) throws -> Answer {
    let head = String(decoding: try connection.read(until: "\r\n\r\n"), as: UTF8.self)
    guard head.hasPrefix("HTTP/1.1 "), let status = Int(head.dropFirst(9).prefix(3)) else {
      throw Failure(description: "no answer: \(head.debugDescription)")
    }
    var answer = Answer(status: status, fields: head.lowercased().components(separatedBy: "\r\n"))
    let hasBody = !isHead && status >= 200 && status != 204 && status != 304
    if !hasBody { return answer }
    let lengths = answer.fields.filter { $0.hasPrefix("content-length: ") }
    guard lengths.count == 1, let length = Int(lengths[0].dropFirst("content-length: ".count)) else {
      throw Failure(description: "not one length: \(head.debugDescription)")
    }
    answer.body = try connection.read(count: length)
    return answer
  }

  /// All until the end. A reset ends it, too: the gateway closes while bytes that it does not want are on
  /// their way.
  private func rest() throws -> [UInt8] {
    do { return try connection.readToEnd() } catch let failure as RawConnection.Failure
      where failure.reason == .reset
    { return failure.received }
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }
}
