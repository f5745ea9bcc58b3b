// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Reads a connection's bytes as RFC 9112 has them, and takes nothing that can be read in two ways: what a server
/// may take for requests at most. Written for clarity, and apart from the code under test.
///
/// In two things it follows libmicrohttpd 0.9.75, since nothing tells from outside: a NUL and a LF count as CRLF, and
/// before a request a line that begins with a NUL counts as empty.
struct ReferenceReader {
  struct Request: Equatable {
    /// The body, or the target if there is none.
    var echo: [UInt8]
  }

  private(set) var requests: [Request] = []
  /// Reading has come to a chunked body that is not well-formed. A server may be lenient with it, once.
  private(set) var endsInOddChunks = false
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    rest = bytes[...]
    while let goesOn = next(), goesOn {}
  }

  private struct Head {
    var target: [UInt8]
    var minorVersion: UInt8
    var fields: [(name: String, value: [UInt8])]

    func values(_ name: String) -> [[UInt8]] { fields.filter { $0.name == name }.map(\.value) }

    func has(_ name: String, _ token: String) -> Bool {
      values(name).contains { value in
        String(decoding: value, as: UTF8.self).lowercased().split(separator: ",").contains {
          $0.trimmingWhiteSpace == token
        }
      }
    }
  }

  /// Reads one request. Returns whether another may follow; nil when there is none or none that is complete.
  private mutating func next() -> Bool? {
    while rest.starts(with: [13, 10]) || rest.first == 10 || rest.first == 0 {
      rest = rest.drop { $0 != 10 }.dropFirst()
    }
    guard let head = head(), let body = body(head) else { return nil }
    requests.append(Request(echo: body.isEmpty ? head.target : body))
    let isKept = head.minorVersion > 0 || head.has("connection", "keep-alive")
    return isKept && !head.has("connection", "close") && head.values("transfer-encoding").isEmpty
  }

  // MARK: Head

  private mutating func head() -> Head? {
    guard let line = line() else { return nil }
    let words = line.split(separator: 32, omittingEmptySubsequences: false)
    guard words.count == 3, ReferenceReader.isToken(words[0]), !words[1].isEmpty,
      words[1].allSatisfy({ $0 > 32 && $0 != 127 }), words[2].count == 8,
      words[2].starts(with: Array("HTTP/1.".utf8)), let minor = words[2].last, 48...57 ~= minor
    else { return nil }
    var head = Head(target: Array(words[1]), minorVersion: minor - 48, fields: [])
    while let line = self.line() {
      if line.isEmpty { return ReferenceReader.isSound(head) ? head : nil }
      guard let colon = line.firstIndex(of: 58), ReferenceReader.isToken(line[..<colon]) else { return nil }
      let value = line[(colon + 1)...]
      guard value.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 }) else { return nil }
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      head.fields.append((name, Array(value.trimmingWhiteSpace)))
    }
    return nil
  }

  /// Up to a CRLF; nil when there is none, or a bare CR or LF before it.
  private mutating func line() -> ArraySlice<UInt8>? {
    guard let end = rest.firstIndex(of: 10), end > rest.startIndex, [0, 13].contains(rest[end - 1]) else {
      return nil
    }
    let line = rest[..<(end - 1)]
    rest = rest[(end + 1)...]
    return line.contains(13) ? nil : line
  }

  private static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
    let others = Array("!#$%&'*+-.^_`|~".utf8)
    return !bytes.isEmpty
      && bytes.allSatisfy {
        48...57 ~= $0 || 65...90 ~= $0 || 97...122 ~= $0 || others.contains($0)
      }
  }

  private static func isSound(_ head: Head) -> Bool {
    let (hosts, lengths) = (head.values("host"), head.values("content-length"))
    let codings = head.values("transfer-encoding")
    let hostBytes = Array("-._~!$&'()*+,;=%:[]".utf8)
    let isHost = hosts.allSatisfy { host in
      host.allSatisfy { 48...57 ~= $0 || 65...90 ~= $0 || 97...122 ~= $0 || hostBytes.contains($0) }
    }
    return isHost && hosts.count <= 1 && (hosts.count == 1 || head.minorVersion == 0)
      && lengths.count <= 1 && lengths.allSatisfy { !$0.isEmpty && $0.allSatisfy { 48...57 ~= $0 } }
      && codings.count <= 1
      && codings.allSatisfy { String(decoding: $0, as: UTF8.self).lowercased() == "chunked" }
      && (codings.isEmpty || (lengths.isEmpty && head.minorVersion > 0))
  }

  // MARK: Body

  private mutating func body(_ head: Head) -> [UInt8]? {
    if !head.values("transfer-encoding").isEmpty {
      let body = chunks()
      endsInOddChunks = body == nil
      return body
    }
    guard let text = head.values("content-length").first else { return [] }
    guard let length = Int(String(decoding: text, as: UTF8.self)), length <= rest.count else { return nil }
    defer { rest = rest.dropFirst(length) }
    return Array(rest.prefix(length))
  }

  private mutating func chunks() -> [UInt8]? {
    var body: [UInt8] = []
    while let line = line() {
      let digits = String(decoding: line.prefix { $0 != 59 }, as: UTF8.self)
      guard let size = Int(digits, radix: 16), !digits.hasPrefix("-"), !digits.hasPrefix("+") else {
        return nil
      }
      if size == 0 {
        while let trailer = self.line() { if trailer.isEmpty { return body } }
        return nil
      }
      guard rest.count >= size + 2 else { return nil }
      body += rest.prefix(size)
      rest = rest.dropFirst(size)
      guard rest.starts(with: [13, 10]) else { return nil }
      rest = rest.dropFirst(2)
    }
    return nil
  }
}

extension BidirectionalCollection<UInt8> where SubSequence == ArraySlice<UInt8> {
  /// Without the spaces and tabs at both ends.
  fileprivate var trimmingWhiteSpace: ArraySlice<UInt8> {
    var slice = drop { $0 == 32 || $0 == 9 }
    while slice.last == 32 || slice.last == 9 { slice.removeLast() }
    return slice
  }
}

extension Substring {
  fileprivate var trimmingWhiteSpace: String {
    String(decoding: Array(utf8)[...].trimmingWhiteSpace, as: UTF8.self)
  }
}
