// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Synchronization

/// Where log lines go: one descriptor, a line a write, by whatever thread has something to say.
///
/// Whoever reads the lines may stop reading, and then no worker may wait for him. So a line is written only when
/// the descriptor is writable: a pipe then has room for 4,096 bytes (`PIPE_BUF`), and no line is longer. One
/// that does not fit is dropped and counted, and the first line that fits again is preceded by how many
/// were. A file always takes its line, and waits for its disk.
///
/// The lock keeps two threads from filling the same room. It is held for a write, and only by who logs. Another
/// process that writes to the same pipe can still take the room away between the look and the write.
final class LogOutput: Sendable {
  static let longestLine = 4_096

  private let descriptor: Int32
  private let tellDropped: @Sendable (UInt64) -> String
  private let dropped = Mutex<UInt64>(0)

  /// - Parameter tellDropped: the line that says how many were dropped.
  init(_ descriptor: Int32, tellDropped: @escaping @Sendable (UInt64) -> String) {
    self.descriptor = descriptor
    self.tellDropped = tellDropped
  }

  /// - Parameter line: with its end, at most `longestLine` bytes.
  func write(_ line: String) {
    dropped.withLock { dropped in
      if dropped > 0, put(tellDropped(dropped)) { dropped = 0 }
      if dropped > 0 || !put(line) {
        dropped += 1
        ProcessCounters.shared.count(.logLineDropped)
      }
    }
  }

  private func put(_ line: String) -> Bool {
    isWritable && writeAll(line, to: descriptor)
  }

  private var isWritable: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLOUT) != 0
  }
}

/// For what is said before there is a log, or in its place: waits for whoever reads stderr. A text that stderr
/// does not take is lost, as there is no one left to tell.
public func writeToStandardError(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }

/// Writes the text in one call where possible: lines of threads and processes that share a terminal or a pipe
/// then stay whole. False when some of it could not be written.
private func writeAll(_ text: String, to descriptor: Int32) -> Bool {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 {
      bytes = bytes.dropFirst(count)
    } else if errno != EINTR {
      return false
    }
  }
  return true
}
