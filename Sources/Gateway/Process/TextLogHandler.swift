// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Logging

/// Writes a line an event to stderr:
///
///     2026-11-23T21:00:00Z info listening address=127.0.0.1:8080 listener=data
///
/// UTC, level, the constant message, then the metadata sorted by name. A value that is empty or holds
/// white space, quotes or control characters stands in double quotes with escapes, so that a line is
/// always one event, whatever a server or client has put into it.
public struct TextLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]
  private let write: @Sendable (String) -> Void

  public init(level: Logger.Level, write: @escaping @Sendable (String) -> Void = writeToStandardError) {
    logLevel = level
    self.write = write
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    write(TextLogHandler.line(unixTime: time(nil), event.level, event.message.description, all))
  }

  static func line(
    unixTime: time_t, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata
  ) -> String {
    var line = "\(timestamp(unixTime)) \(level.rawValue) \(message)"
    for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { line += " \(name)=\(plain("\(value)"))" }
    return line + "\n"
  }

  private static func plain(_ value: String) -> String {
    let isPlain = value.unicodeScalars.allSatisfy {
      $0 != "\"" && !$0.properties.isWhitespace && $0.properties.generalCategory != .control
    }
    return isPlain && !value.isEmpty ? value : quoted(value)
  }

  /// RFC 3339 in UTC, whole seconds.
  private static func timestamp(_ unixTime: time_t) -> String {
    var unixTime = unixTime
    var parts = tm()
    gmtime_r(&unixTime, &parts)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map(padded).joined(separator: "-")
    return "\(date)T\([parts.tm_hour, parts.tm_min, parts.tm_sec].map(padded).joined(separator: ":"))Z"
  }
}

/// Writes the text in one call where possible: lines of threads and processes that share a terminal or
/// a pipe then stay whole. A text that stderr does not take is lost, as there is no one left to tell.
@Sendable
public func writeToStandardError(_ text: String) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    if count > 0 {
      bytes = bytes.dropFirst(count)
    } else if errno != EINTR {
      return
    }
  }
}
