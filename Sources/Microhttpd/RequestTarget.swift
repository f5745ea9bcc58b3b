// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// A request target taken apart (RFC 9112 §3.2: origin-form or absolute-form).
///
/// Which bytes may stand in it raw: everything but controls, space and DEL. That is more than RFC 3986 has:
/// clients send `|`, `{` or UTF-8 without encoding them, and nothing here gives these a meaning. A `#` is
/// refused: a fragment is not sent to servers, and a reader before us may have cut there.
public struct RequestTarget {
  public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    /// For people; names the offset in the request target, counted in bytes from 0.
    public let description: String
  }

  /// The segments of the path, still percent-encoded; `/keys/a%2Fb` has two, `/` has one that is empty.
  /// The target `*` (of `OPTIONS *`) has none.
  public let segments: [ArraySlice<UInt8>]
  /// The query's pairs in order, percent-decoded. `+` stays a plus. A name without `=` has an empty value.
  public let query: [(name: ArraySlice<UInt8>, value: [UInt8])]

  public init(_ raw: [UInt8]) throws(Invalid) {
    try RequestTarget.checkBytes(raw)
    if raw == [UInt8(ascii: "*")] {
      (segments, query) = ([], [])
      return
    }
    let start = try RequestTarget.pathStart(raw)
    let mark = raw[start...].firstIndex(of: UInt8(ascii: "?")) ?? raw.endIndex
    segments = RequestTarget.split(path: raw[start..<mark])
    query = mark == raw.endIndex ? [] : try RequestTarget.pairs(raw[(mark + 1)...])
  }

  /// Percent-decodes exactly once; any `%` that two hexadecimal digits do not follow is an error.
  /// The offset in the error is the slice's own index, which for a part of a target is that of the target.
  public static func percentDecode(_ bytes: ArraySlice<UInt8>) throws(Invalid) -> [UInt8] {
    guard var next = bytes.firstIndex(of: UInt8(ascii: "%")) else { return Array(bytes) }
    var decoded = [UInt8]()
    decoded.reserveCapacity(bytes.count - 2)
    decoded.append(contentsOf: bytes[..<next])
    while next < bytes.endIndex {
      if bytes[next] == UInt8(ascii: "%") {
        decoded.append(try octet(bytes, at: next))
        next += 3
      } else {
        decoded.append(bytes[next])
        next += 1
      }
    }
    return decoded
  }

  // MARK: Parts

  private static func checkBytes(_ raw: [UInt8]) throws(Invalid) {
    if raw.isEmpty { throw Invalid(description: "empty request target") }
    for (offset, byte) in raw.enumerated() where byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "#") {
      let name = byte == UInt8(ascii: "#") ? "'#'" : "byte \(byte)"
      throw Invalid(description: "\(name) at offset \(offset) of the request target; percent-encode it")
    }
  }

  /// Where the path begins: at the front of an origin-form, behind the authority of an absolute-form.
  private static func pathStart(_ raw: [UInt8]) throws(Invalid) -> Int {
    if raw[0] == UInt8(ascii: "/") { return 0 }
    for scheme: StaticString in ["http://", "https://"] where hasPrefix(raw, scheme) {
      let authority = raw[scheme.utf8CodeUnitCount...]
      let end = authority.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? raw.endIndex
      if end > authority.startIndex { return end }
    }
    throw Invalid(description: "request target begins neither with '/' at offset 0 nor with http://HOST")
  }

  private static func hasPrefix(_ raw: [UInt8], _ prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { prefix in
      // Schemes are case-insensitive (RFC 3986 §3.1); of `://` bit 5 is set already.
      raw.count >= prefix.count && zip(raw, prefix).allSatisfy { $0 | 0x20 == $1 }
    }
  }

  private static func split(path: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    // The path of `http://host` is empty and means `/` (RFC 9110 §4.2.3).
    guard path.first == UInt8(ascii: "/") else { return [path] }
    var segments = [ArraySlice<UInt8>]()
    segments.reserveCapacity(4)
    var start = path.startIndex + 1
    for index in start..<path.endIndex where path[index] == UInt8(ascii: "/") {
      segments.append(path[start..<index])
      start = index + 1
    }
    segments.append(path[start...])
    return segments
  }

  private static func pairs(_ query: ArraySlice<UInt8>)
    throws(Invalid) -> [(name: ArraySlice<UInt8>, value: [UInt8])]
  {
    var pairs = [(name: ArraySlice<UInt8>, value: [UInt8])]()
    pairs.reserveCapacity(query.count { $0 == UInt8(ascii: "&") } + 1)
    var rest = query
    while !rest.isEmpty {
      let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex
      let pair = rest[..<end]
      rest = rest[min(end + 1, rest.endIndex)...]
      if pair.isEmpty { continue }
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      let name = pair[..<equals]
      // Names are written plainly, and then need no copy.
      pairs.append(
        (
          name.contains(UInt8(ascii: "%")) ? try percentDecode(name)[...] : name,
          equals == pair.endIndex ? [] : try percentDecode(pair[(equals + 1)...])
        ))
    }
    return pairs
  }

  private static func octet(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(Invalid) -> UInt8 {
    if offset + 2 < bytes.endIndex, let high = digit(bytes[offset + 1]), let low = digit(bytes[offset + 2]) {
      return high << 4 | low
    }
    throw Invalid(description: "'%' at offset \(offset) is not followed by two hexadecimal digits")
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
