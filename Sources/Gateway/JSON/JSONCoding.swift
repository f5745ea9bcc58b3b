// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials

/// JSON in and out, by one encoder and one decoder a worker: making them costs more than using them.
///
/// Members are sorted, so that equal answers are equal bytes in every worker and after every restart
/// (unsorted, their order depends on the process's hash seed); measured, it costs a tenth of an item.
final class JSONCoding {
  private let encoder = JSONEncoder()
  private let decoder = JSONDecoder()
  /// For the items of answers, which are most of all JSON.
  let items: ItemJSON

  /// - Parameter maximumOperations: of a batch; one with more is refused before any is decoded.
  init(maximumOperations: Int = Settings().maximumKeysPerRequest) {
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    items = ItemJSON(encoder)
    decoder.userInfo[.maximumOperations] = maximumOperations
  }

  func encode(_ value: some Encodable) -> [UInt8] {
    do {
      return Array(try encoder.encode(value))
    } catch {
      // Encoding fails for numbers that are not finite and for what an `encode(to:)` throws: ours have neither.
      preconditionFailure("\(type(of: value)) cannot be JSON: \(error)")
    }
  }

  /// Reads a request's body; `.invalidBody` says which member is wrong, and why.
  func decode<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) throws(Problem) -> Value {
    do {
      return try decoder.decode(type, from: Data(body))
    } catch let problem as Problem {
      throw problem
    } catch let error as DecodingError {
      throw Problem(.invalidBody, JSONCoding.reason(error))
    } catch {
      throw Problem(.invalidBody, "the body is not JSON: \(error)")
    }
  }

  private static func reason(_ error: DecodingError) -> String {
    switch error {
    case .typeMismatch(_, let context) where context.codingPath.isEmpty: "the body is not a JSON object"
    case .valueNotFound(_, let context) where context.codingPath.isEmpty: "the body is not a JSON object"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
      context.debugDescription
    case .dataCorrupted(let context): "the body is not JSON: \(context.debugDescription)"
    @unknown default: "the body is not JSON: \(error)"
    }
  }
}

/// The members of a JSON object of a request: only those that are allowed, each of the right kind.
///
/// Numbers are decoded as unsigned integers, so −1, 1.5 and 2^64 are refused rather than rounded.
struct JSONMembers {
  private struct Name: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private let members: KeyedDecodingContainer<Name>

  /// All of them, to find out by one which others are allowed.
  init(_ decoder: any Decoder) throws {
    members = try decoder.container(keyedBy: Name.self)
  }

  init(_ decoder: any Decoder, allowed: [String]) throws {
    try self.init(decoder)
    try refuseOthers(than: allowed)
  }

  /// A member that is not `allowed` is an error: a mistyped `tll` must not store for ever.
  func refuseOthers(than allowed: [String]) throws {
    let unknown = members.allKeys.map(\.stringValue).filter { !allowed.contains($0) }.sorted()
    if let first = unknown.first {
      throw Problem(.invalidBody, "unknown member `\(first)`; allowed are \(allowed.joined(separator: ", "))")
    }
  }

  func has(_ name: String) -> Bool { members.contains(Name(stringValue: name)) }

  func text(_ name: String) throws -> String? {
    guard has(name) else { return nil }
    guard let text = try? members.decode(String.self, forKey: Name(stringValue: name)) else {
      throw Problem(.invalidBody, "`\(name)` is no string of Unicode characters")
    }
    return text
  }

  /// A list that has to be there. One of more than `limit` elements is refused before any is decoded.
  func list<Element: Decodable>(
    _ name: String, of type: Element.Type, atMost limit: Int
  ) throws -> [Element] {
    guard has(name) else { throw Problem(.invalidBody, "the member `\(name)` is missing") }
    guard var list = try? members.nestedUnkeyedContainer(forKey: Name(stringValue: name)) else {
      throw Problem(.invalidBody, "`\(name)` is no list")
    }
    if let count = list.count, count > limit {
      throw Problem(.tooLarge, "`\(name)` has \(count) elements; at most \(limit) are taken")
    }
    var elements: [Element] = []
    while !list.isAtEnd { elements.append(try list.decode(type)) }
    return elements
  }

  /// An unsigned number up to `limit`; nil when it is absent.
  func number(_ name: String, atMost limit: UInt64) throws -> UInt64? {
    guard has(name) else { return nil }
    let number = try? members.decode(UInt64.self, forKey: Name(stringValue: name))
    guard let number, number <= limit else {
      throw Problem(.invalidBody, "`\(name)` is no whole number from 0 to \(limit)")
    }
    return number
  }

  /// An unsigned 64-bit number, or a string of one: many programs cannot write numbers above 2^53.
  func numberOrText(_ name: String) throws -> UInt64? {
    let key = Name(stringValue: name)
    guard has(name), let text = try? members.decode(String.self, forKey: key) else {
      return try number(name, atMost: .max)
    }
    guard let number = UInt64(decimalDigits: text) else {
      throw Problem(.invalidBody, "`\(name)` is no whole number from 0 to \(UInt64.max)")
    }
    return number
  }

  /// `null` is how an item says that it never expires, so it is taken for that here too.
  func ttl() throws -> UInt64? {
    if has("ttl"), try members.decodeNil(forKey: Name(stringValue: "ttl")) { return 0 }
    return try number("ttl", atMost: .max)
  }
}
