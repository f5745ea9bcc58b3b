// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// The JSON form of a batch's results, members sorted as in all our answers:
///
///     {"results":[{"etag":"\"…\"","item":{…},"status":200},{"problem":{…},"status":404},…]}
extension ItemJSON {
  /// The texts of all results are encoded at once, as those of a multi-get are. Problems are encoded each
  /// for itself: they are what should not happen.
  /// - Parameter body: what a problem tells.
  func results(_ outcomes: [Outcome], problem body: (Problem) -> Problem.Body) -> [UInt8] {
    let length = outcomes.reduce(0) { $0 + $1.textLength }
    var texts = TextCollector(expecting: outcomes.count * 4, length: length)
    for outcome in outcomes { ItemJSON.collect(outcome, &texts) }
    var out = ByteText()
    encode(texts) { encoded in
      out.reserve(encoded.length + (outcomes.count + 1) * (ItemJSON.envelopeLength + 48))
      out.append(literal: "{\"results\":[")
      for (index, outcome) in outcomes.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        out.append(UInt8(ascii: "{"))
        if case .failed(let problem) = outcome {
          out.append(literal: "\"problem\":")
          append(self.encoded(body(problem)), &out)
          out.append(UInt8(ascii: ","))
          append(status: problem.type.status, &out)
        } else {
          append(outcome, &encoded, &out)
        }
        out.append(UInt8(ascii: "}"))
      }
      out.append(literal: "]}")
    }
    return out.take()
  }

  /// Adds the texts of a result in the order in which they are written.
  private static func collect(_ outcome: Outcome, _ texts: inout TextCollector) {
    if let (token, isWeak) = outcome.token { texts.add(name: ETag.text(token, isWeak: isWeak)) }
    switch outcome {
    case .item(let body, _): collect(body.key, body.item, body.tier, &texts)
    case .written(.counted(_, let key, _, _)): texts.add(name: key.bytes)
    case .notModified, .written, .failed: break
    }
  }

  private func append(_ outcome: Outcome, _ texts: inout EncodedTexts, _ out: inout ByteText) {
    if outcome.token != nil {
      out.append(literal: "\"etag\":")
      texts.append(to: &out)
      out.append(UInt8(ascii: ","))
    }
    switch outcome {
    case .item(let body, _):
      out.append(literal: "\"item\":")
      append(body.item, &texts, &out)
      out.append(UInt8(ascii: ","))
    case .written(.counted):
      out.append(literal: "\"key\":")
      texts.append(to: &out)
      out.append(UInt8(ascii: ","))
    case .notModified, .written, .failed: break
    }
    append(status: outcome.status, &out)
    // A string, as it is for a counter's own request.
    if case .written(.counted(_, _, let value, _)) = outcome {
      out.append(literal: ",\"value\":\"")
      out.append(decimal: value)
      out.append(UInt8(ascii: "\""))
    }
  }

  private func append(status: Int, _ out: inout ByteText) {
    out.append(literal: "\"status\":")
    out.append(decimal: UInt64(status))
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

  /// Of the texts in its form, about.
  fileprivate var textLength: Int {
    if case .item(let body, _) = self { ItemJSON.length(of: body) + 48 } else { 48 }
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
