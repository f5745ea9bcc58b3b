// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// The JSON form of a batch's results, members sorted as in all our answers:
///
///     {"results":[{"etag":"\"…\"","item":{…},"status":200},{"problem":{…},"status":404},…]}
extension ItemJSON {
  /// All strings of all results are encoded at once, as those of a multi-get are. Problems are encoded each
  /// for itself: they are what should not happen.
  /// - Parameter body: what a problem tells.
  func results(_ outcomes: [Outcome], problem body: (Problem) -> Problem.Body) -> [UInt8] {
    var strings: [String] = []
    strings.reserveCapacity(outcomes.count * 4)
    let isBase64 = outcomes.map { ItemJSON.collect($0, &strings) }
    let array = encoded(strings)
    var out: [UInt8] = []
    out.reserveCapacity(array.count + outcomes.count * 128)
    out += "{\"results\":[".utf8
    array.withUnsafeBytes { array in
      var reader = StringArrayReader(array)
      for (index, outcome) in outcomes.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        out.append(UInt8(ascii: "{"))
        if case .failed(let problem) = outcome {
          out += "\"problem\":".utf8
          out += encoded(body(problem))
          out += ",\"status\":\(problem.type.status)}".utf8
        } else {
          append(outcome, isBase64: isBase64[index], &reader, &out)
        }
      }
    }
    out += "]}".utf8
    return out
  }

  /// Adds the strings of a result in the order in which they are written; returns whether its value is
  /// base64.
  private static func collect(_ outcome: Outcome, _ strings: inout [String]) -> Bool {
    if let (token, isWeak) = outcome.token { strings.append(ETag.text(token, isWeak: isWeak)) }
    switch outcome {
    case .item(let body, _): return collect(body, &strings)
    case .written(.counted(_, let key, _, _)): strings.append(key.description)
    case .notModified, .written, .failed: break
    }
    return false
  }

  private func append(
    _ outcome: Outcome, isBase64: Bool, _ strings: inout StringArrayReader, _ out: inout [UInt8]
  ) {
    if outcome.token != nil {
      out += "\"etag\":".utf8
      out += strings.next()
      out.append(UInt8(ascii: ","))
    }
    switch outcome {
    case .item(let body, _):
      out += "\"item\":".utf8
      append(body.item, isBase64: isBase64, &strings, &out)
      out.append(UInt8(ascii: ","))
    case .written(.counted):
      out += "\"key\":".utf8
      out += strings.next()
      out.append(UInt8(ascii: ","))
    case .notModified, .written, .failed: break
    }
    out += "\"status\":\(outcome.status)".utf8
    // A string, as it is for a counter's own request.
    if case .written(.counted(_, _, let value, _)) = outcome { out += ",\"value\":\"\(value)\"".utf8 }
    out.append(UInt8(ascii: "}"))
  }
}

extension Outcome {
  /// That of the answer to a request of its own.
  fileprivate var status: Int {
    switch self {
    case .item: 200
    case .notModified: 304
    case .written(.stored(let status, _)), .written(.counted(let status, _, _, _)): status
    case .written(.accepted): 202
    case .failed(let problem): problem.type.status
    }
  }

  /// What its ETag holds.
  fileprivate var token: (CASToken, isWeak: Bool)? {
    switch self {
    case .item(let body, let isWeak): body.item.cas.map { ($0, isWeak) }
    case .notModified(let token, let isWeak): token.map { ($0, isWeak) }
    case .written(.stored(_, let token)), .written(.counted(_, _, _, let token)): token.map { ($0, false) }
    case .written(.accepted), .failed: nil
    }
  }
}
