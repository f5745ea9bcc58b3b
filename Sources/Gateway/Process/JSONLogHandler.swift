// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Logging

/// Writes an event as one JSON object on one line (RFC 8259):
///
///     {"time":"2026-11-23T21:00:00.000Z","level":"info","message":"listening","address":"127.0.0.1:8080"}
///
/// The metadata's members follow the first three, sorted by name. Numbers are numbers where they were given as
/// such; all else is a string.
struct JSONLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let write: @Sendable (String) -> Void

  init(level: Logger.Level, write: @escaping @Sendable (String) -> Void) {
    logLevel = level
    self.write = write
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    write(JSONLogHandler.lineNow(event.level, event.message.description, all))
  }

  @Sendable
  static func lineNow(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
    let now = LogLine.now()
    return line(
      unixTime: now.tv_sec, milliseconds: now.tv_nsec / 1_000_000, level, message, metadata)
  }

  static func line(
    unixTime: time_t, milliseconds: Int, _ level: Logger.Level, _ message: String,
    _ metadata: Logger.Metadata
  ) -> String {
    let part = String(1_000 + milliseconds).dropFirst()
    let head =
      "{\"time\":\"\(LogLine.timestamp(unixTime)).\(part)Z\",\"level\":\"\(level.rawValue)\","
      + "\"message\":\(string(message))"
    return LogLine.fitting(metadata) { pairs in
      var line = head
      for pair in pairs { line += ",\(string(pair.name)):\(value(pair.value))" }
      return line + "}\n"
    }
  }

  private static func value(_ value: Logger.MetadataValue) -> String {
    if case .stringConvertible(let number) = value {
      switch number {
      case let number as any FixedWidthInteger: return "\(number)"
      case let number as Double where number.isFinite: return "\(number)"
      default: break
      }
    }
    return string("\(value)")
  }

  /// With the escapes that JSON asks for, and those of what some readers take for the end of a line.
  static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
