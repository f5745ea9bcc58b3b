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

  public init(level: Logger.Level, write: @escaping @Sendable (String) -> Void) {
    logLevel = level
    self.write = write
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    write(TextLogHandler.lineNow(event.level, event.message.description, all))
  }

  @Sendable
  static func lineNow(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
    line(unixTime: LogLine.now().tv_sec, level, message, metadata)
  }

  static func line(
    unixTime: time_t, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata
  ) -> String {
    let head = "\(LogLine.timestamp(unixTime))Z \(level.rawValue) \(message)"
    return LogLine.fitting(metadata) { pairs in
      var line = head
      for pair in pairs { line += " \(pair.name)=\(plain("\(pair.value)"))" }
      return line + "\n"
    }
  }

  private static func plain(_ value: String) -> String {
    let isPlain = value.unicodeScalars.allSatisfy {
      $0 != "\"" && !$0.properties.isWhitespace && $0.properties.generalCategory != .control
    }
    return isPlain && !value.isEmpty ? value : quoted(value)
  }
}
