// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// A form in which an answer can be given.
enum Representation: String, CaseIterable, Sendable {
  case json = "application/json"
  case octets = "application/octet-stream"
  case text = "text/plain"

  var mediaType: StaticString {
    switch self {
    case .json: "application/json"
    case .octets: "application/octet-stream"
    case .text: "text/plain"
    }
  }

  /// The form that `request` likes best among `offers`, or nil when none is acceptable
  /// (RFC 9110 §12.5.1). Of forms that are liked equally the first offered is taken.
  static func negotiate(_ request: any IncomingRequest, offers: [Representation]) -> Representation? {
    // What nearly every client sends needs neither a list nor a string.
    var common: Representation?
    request.withSole("Accept") { accept in
      common = equals(accept, "*/*") ? offers.first : offers.first { equals(accept, $0.mediaType) }
    }
    if let common { return common }
    let fields = request.headers("Accept")
    return fields.isEmpty ? offers.first : negotiate(AcceptList(fields), offers: offers)
  }

  /// The form of the body, where the request gives it in the plainest way: one field, which is the name of one
  /// of our media types and nothing else. Nil says nothing.
  static func announced(by request: any IncomingRequest) -> Representation? {
    var form: Representation?
    request.withSole("Content-Type") { type in form = allCases.first { equals(type, $0.mediaType) } }
    return form
  }

  private static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
    return memcmp(start, text.utf8Start, bytes.count) == 0
  }

  private static func negotiate(_ accept: AcceptList, offers: [Representation]) -> Representation? {
    var best: (form: Representation?, quality: Int) = (nil, 0)
    for form in offers {
      let quality = accept.quality(of: form.rawValue)
      if quality > best.quality { best = (form, quality) }
    }
    return best.form
  }

  /// Whether a problem is better told as plain text. It is never 406: an error has to be told somehow.
  static func problemAsText(_ fields: [String]) -> Bool {
    if fields.isEmpty { return false }
    let accept = AcceptList(fields)
    let json = max(accept.quality(of: "application/problem+json"), accept.quality(of: "application/json"))
    return accept.quality(of: "text/plain") > json
  }
}

/// The media ranges of `Accept` with their weights.
///
/// Members that break the grammar are passed over, as if they had not been sent, but for `*` and `q=.2`:
/// Java's HttpURLConnection sends `*; q=.2, */*; q=.2` unless it is told otherwise.
struct AcceptList {
  private struct Range {
    var type: String
    var subtype: String
    /// Parameters other than `q`. None of our forms has any, so that a range without fits better; one with
    /// them is taken for the form all the same, as `text/plain; charset=utf-8` means ours.
    var hasParameters = false
    /// In thousandths, as many as the grammar allows (RFC 9110 §12.4.2).
    var quality = 1000
  }

  private var ranges: [Range] = []
  private var isEmpty = true

  init(_ fields: [String]) {
    for field in fields {
      for piece in fieldPieces(of: field[...], separatedBy: UInt8(ascii: ",")) {
        isEmpty = false
        if let range = AcceptList.range(piece) { ranges.append(range) }
      }
    }
  }

  /// 0 (not acceptable) to 1000, by the most specific range that fits. An empty field accepts everything.
  func quality(of mediaType: String) -> Int {
    if isEmpty { return 1000 }
    let parts = mediaType.split(separator: "/")
    var best: (specificity: Int, quality: Int) = (-1, 0)
    for range in ranges {
      let specificity = AcceptList.specificity(range, type: parts[0], subtype: parts[1])
      if specificity > best.specificity { best = (specificity, range.quality) }
    }
    return best.quality
  }

  private static func specificity(_ range: Range, type: Substring, subtype: Substring) -> Int {
    if range.type == "*" { return 0 }
    guard range.type == type else { return -1 }
    if range.subtype == "*" { return 1 }
    guard range.subtype == subtype else { return -1 }
    return range.hasParameters ? 2 : 3
  }

  private static func range(_ piece: Substring) -> Range? {
    let parts = fieldPieces(of: piece, separatedBy: UInt8(ascii: ";"))
    guard let name = parts.first, let (type, subtype) = MediaType.names(name == "*" ? "*/*" : name) else {
      return nil
    }
    guard type != "*" || subtype == "*" else { return nil }
    var range = Range(type: type, subtype: subtype)
    for parameter in parts.dropFirst().map(fieldParameter) {
      if parameter.name == "q" {
        guard let weight = parameter.value.flatMap(thousandths) else { return nil }
        range.quality = weight
      } else {
        range.hasParameters = true
      }
    }
    return range
  }

  /// `0`, `0.25`, `1.000`, `.25`: up to three decimals, at most 1.
  private static func thousandths(_ text: Substring) -> Int? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let decimals = parts.count == 2 ? parts[1] : ""
    let isWhole = parts[0] == "0" || parts[0] == "1" || (parts[0].isEmpty && !decimals.isEmpty)
    guard isWhole, decimals.utf8.count <= 3 else { return nil }
    guard decimals.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    let padded = decimals + String(repeating: "0", count: 3 - decimals.utf8.count)
    guard let fraction = Int(padded) else { return nil }
    let weight = (parts[0] == "1" ? 1000 : 0) + fraction
    return weight <= 1000 ? weight : nil
  }
}

/// A `Content-Type` (RFC 9110 §8.3).
struct MediaType: Hashable, Sendable {
  var type: String
  var subtype: String
  /// In lower case; nil when the field has none.
  var charset: String?

  /// Nil when the field is no media type.
  init?(_ field: String) {
    let parts = fieldPieces(of: field[...], separatedBy: UInt8(ascii: ";"))
    guard let (type, subtype) = parts.first.flatMap(MediaType.names) else { return nil }
    self.type = type
    self.subtype = subtype
    for parameter in parts.dropFirst().map(fieldParameter) where parameter.name == "charset" {
      charset = parameter.value?.lowercased().filter { $0 != "\"" }
    }
  }

  var isJSON: Bool { type == "application" && subtype == "json" }

  /// JSON is UTF-8 (RFC 8259 §8.1); its registration has no charset, but many clients send one.
  var isReadable: Bool { charset == nil || charset == "utf-8" || charset == "us-ascii" }

  /// The two names of `type/subtype` in lower case.
  static func names(_ text: Substring) -> (type: String, subtype: String)? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, isToken(parts[0]), isToken(parts[1]) else { return nil }
    return (parts[0].lowercased(), parts[1].lowercased())
  }
}
