// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Logging

/// What log lines look like.
public enum LogFormat: String, Hashable, Sendable, CaseIterable {
  /// Text for eyes when stderr is a terminal, else JSON for programs.
  case auto
  case text, json

  /// Makes loggers that write to stderr.
  public func makeLogger(level: Logger.Level) -> Logger {
    let isText = self == .text || self == .auto && isatty(STDERR_FILENO) == 1
    let line = isText ? TextLogHandler.lineNow : JSONLogHandler.lineNow
    let output = LogOutput(STDERR_FILENO) { count in
      line(.warning, "log lines dropped", ["count": .stringConvertible(count)])
    }
    return Logger(label: "crossfade") { _ in
      if isText { return TextLogHandler(level: level) { output.write($0) } }
      return JSONLogHandler(level: level) { output.write($0) }
    }
  }
}

/// What both forms of lines need.
enum LogLine {
  /// Makes a line that has at most `LogOutput.longestLine` bytes: where it would have more, its values are cut,
  /// first the very long ones.
  static func fitting(
    _ metadata: Logger.Metadata, _ compose: ([(name: String, value: Logger.MetadataValue)]) -> String
  ) -> String {
    let pairs = metadata.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    var line = compose(pairs)
    for longest in [512, 96, 0] where line.utf8.count > LogOutput.longestLine {
      line = compose(pairs.map { ($0.name, cut("\($0.value)", longest)) })
    }
    return line
  }

  private static func cut(_ text: String, _ longest: Int) -> Logger.MetadataValue {
    text.utf8.count <= longest ? .string(text) : .string(String(text.unicodeScalars.prefix(longest)) + "…")
  }

  static func now() -> timespec {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return now
  }

  /// RFC 3339 in UTC, whole seconds, without the `Z`.
  static func timestamp(_ unixTime: time_t) -> String {
    var unixTime = unixTime
    var parts = tm()
    gmtime_r(&unixTime, &parts)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map(padded).joined(separator: "-")
    return "\(date)T\([parts.tm_hour, parts.tm_min, parts.tm_sec].map(padded).joined(separator: ":"))"
  }
}
