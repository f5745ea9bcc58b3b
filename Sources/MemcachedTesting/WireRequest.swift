// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// A request as a server reads it: the line, and the data block of a storage command.
public struct WireRequest: Sendable {
  public var line: String
  public var data: [UInt8] = []

  public init(line: String) { self.line = line }

  public var words: [Substring] { line.split(separator: " ") }
  public var verb: Substring { words.first ?? "" }

  /// Takes whole requests off the front of what came; what is not whole yet is left out.
  ///
  /// - Parameter knowsMeta: a server that does not takes the value of an `ms` for lines of their own.
  public static func all(in bytes: ArraySlice<UInt8>, knowsMeta: Bool) -> [WireRequest] {
    var requests: [WireRequest] = []
    var rest = bytes
    while let end = rest.firstIndex(of: 10) {
      var request = WireRequest(line: String(decoding: rest[..<end].dropLast(), as: UTF8.self))
      rest = rest[(end + 1)...]
      if let length = request.dataLength(knowsMeta) {
        if rest.count < length + 2 { break }
        request.data = Array(rest.prefix(length))
        rest = rest.dropFirst(length + 2)
      }
      requests.append(request)
    }
    return requests
  }

  private func dataLength(_ knowsMeta: Bool) -> Int? {
    switch verb {
    case "ms": knowsMeta ? Int(words[2]) : nil
    case "set", "add", "replace", "append", "prepend", "cas": Int(words[4])
    default: nil
    }
  }
}

extension ScriptedServer {
  /// Starts a server that answers request by request, however they were cut by the network.
  public static func answeringRequests(
    knowsMeta: Bool = true,
    _ answer: @escaping @Sendable (_ connection: Int, _ request: WireRequest) -> [Step]
  ) throws(SystemError) -> ScriptedServer {
    try ScriptedServer { received in
      let before = WireRequest.all(in: received.all.dropLast(received.new.count), knowsMeta: knowsMeta).count
      return WireRequest.all(in: received.all[...], knowsMeta: knowsMeta).dropFirst(before)
        .flatMap { answer(received.connection, $0) }
    }
  }
}
