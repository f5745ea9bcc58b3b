// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Memcached

extension UInt64 {
  /// A number of decimal digits and nothing else: no sign, no space.
  init?(decimalDigits text: String) {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    self.init(text)
  }
}

extension Exptime {
  /// What callers give: whole seconds from now, 0 = never.
  ///
  /// memcached reads an exptime into a signed 32-bit number, and above 30 days it is sent a date. A date
  /// behind 2038-01-19 would wrap and delete the item at once, so the longest ttl ends there.
  init(ttl seconds: UInt64, unixTime: Int64, _ problem: ProblemType) throws(Problem) {
    let longest = UInt64(max(Int64(Int32.max) - unixTime, Exptime.longestRelative))
    guard seconds <= longest else {
      throw Problem(problem, "`ttl` is at most \(longest) seconds (until 2038-01-19)")
    }
    self.init(seconds: UInt32(seconds))
  }
}

/// The query of a request, holding only parameters that its route knows.
struct Query {
  static let none = Query()

  private var pairs: [(name: String, value: [UInt8])] = []

  private init() {}

  /// An unknown name is an error that says what is allowed: `?tll=60` must not store for ever.
  init(_ pairs: [(name: ArraySlice<UInt8>, value: [UInt8])], allowed: [Route.Parameter]) throws(Problem) {
    self.pairs.reserveCapacity(pairs.count)
    for (bytes, value) in pairs {
      guard let parameter = allowed.first(where: { $0.name.utf8.elementsEqual(bytes) }) else {
        let name = String(decoding: bytes, as: UTF8.self)
        let names = allowed.isEmpty ? "none" : allowed.map(\.name).joined(separator: ", ")
        throw Problem(.invalidQuery, "unknown query parameter `\(name)`; allowed: \(names)")
      }
      if !parameter.isRepeatable, self.pairs.contains(where: { $0.name == parameter.name }) {
        throw Problem(.invalidQuery, "query parameter `\(parameter.name)` is given twice")
      }
      self.pairs.append((parameter.name, value))
    }
  }

  var isEmpty: Bool { pairs.isEmpty }

  /// All values of a parameter, in order.
  func values(_ name: String) -> [[UInt8]] {
    var values: [[UInt8]] = []
    values.reserveCapacity(pairs.count)
    for pair in pairs where pair.name == name { values.append(pair.value) }
    return values
  }

  /// A whole number from 0 to `limit`; nil when it is absent.
  func number(_ name: String, atMost limit: UInt64) throws(Problem) -> UInt64? {
    // Nearly no request has any.
    guard !pairs.isEmpty, let value = values(name).first else { return nil }
    let text = String(decoding: value, as: UTF8.self)
    guard let number = UInt64(decimalDigits: text), number <= limit else {
      throw Problem(.invalidQuery, "`\(name)` is `\(text)`, not a whole number from 0 to \(limit)")
    }
    return number
  }

  func exptime() throws(Problem) -> Exptime {
    let seconds = try number("ttl", atMost: .max) ?? 0
    return try Exptime(ttl: seconds, unixTime: Int64(time(nil)), .invalidQuery)
  }
}
