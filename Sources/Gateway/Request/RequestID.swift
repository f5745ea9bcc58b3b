// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// Gives each request that needs one an id of its own: process, worker, number.
///
/// Made only when it is needed, as most requests never show theirs.
final class RequestIDs {
  private let prefix: String
  private var count: UInt64 = 0

  /// Processes of one machine differ by number, those before and after a restart by the start's time.
  init(worker: Int, processID: Int32 = getpid(), startedAt: Int = time(nil)) {
    prefix = "\(String(startedAt, radix: 16))-\(processID)-\(worker)-"
  }

  func next() -> String {
    count += 1
    return prefix + String(count)
  }
}

extension IncomingRequest {
  /// The id that the caller gave (`X-Request-Id`): 1 to 128 visible ASCII characters. Nil for anything else,
  /// as it goes into our answers and our log.
  var givenID: String? {
    guard header("X-Request-Id") != nil else { return nil }
    let fields = headers("X-Request-Id")
    guard fields.count == 1, (1...128).contains(fields[0].utf8.count) else { return nil }
    return fields[0].utf8.allSatisfy { (0x21...0x7E).contains($0) } ? fields[0] : nil
  }

  /// The trace that the request is part of (`traceparent`).
  var traceID: String? {
    guard header("traceparent") != nil else { return nil }
    let fields = headers("traceparent")
    return fields.count == 1 ? TraceParent(fields[0])?.traceID : nil
  }
}

/// A `traceparent` (W3C Trace Context §3.2). One that is malformed counts as none.
struct TraceParent: Hashable, Sendable {
  /// 32 hexadecimal digits, not all zero.
  let traceID: String

  /// Reads `version-trace-parent-flags`, lower case, of lengths 2, 32, 16 and 2. What a later version has
  /// behind them is not ours to read (§4.3).
  init?(_ field: String) {
    let parts = field.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 }) else { return nil }
    guard parts.prefix(4).allSatisfy({ $0.allSatisfy(TraceParent.isHexadecimal) }) else { return nil }
    let version = String(parts[0]) ?? ""
    guard version != "ff", version != "00" || parts.count == 4 else { return nil }
    guard let traceID = String(parts[1]), !TraceParent.isZero(parts[1]), !TraceParent.isZero(parts[2]) else {
      return nil
    }
    self.traceID = traceID
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }

  private static func isZero(_ digits: Substring.UTF8View) -> Bool {
    digits.allSatisfy { $0 == UInt8(ascii: "0") }
  }
}
