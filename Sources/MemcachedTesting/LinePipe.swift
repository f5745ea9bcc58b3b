// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Glibc
import Reactor
import Synchronization

/// What a child process writes, line by line as it comes. Its own end of the pipe is inherited by that
/// child alone: another one that held it would keep the stream from ending.
public final class LinePipe: Sendable {
  private struct Text {
    var lines: [String] = []
    var partial: [UInt8] = []
    var hasEnded = false
  }

  /// For `ChildProcess.Streams`. Close it with `closeWriting` once the child has it.
  public let writeEnd: Int32
  private let readEnd: Int32
  private let isWritable = Mutex(true)
  private let text = Mutex(Text())
  private let changed = NSCondition()

  public init() throws(SystemError) {
    (readEnd, writeEnd) = try openPipe()
    try startThread(named: "lines") { [self] in readAll() }
  }

  /// Lets go of our copy of the end that the child writes to, so that its end is the stream's.
  public func closeWriting() {
    isWritable.withLock { isWritable in
      if isWritable { close(writeEnd) }
      isWritable = false
    }
  }

  private func readAll() {
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(readEnd, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      received(piece.prefix(max(0, count)))
      if count <= 0 { break }
    }
    close(readEnd)
  }

  private func received(_ bytes: ArraySlice<UInt8>) {
    changed.lock()
    text.withLock { text in
      text.partial += bytes
      var lines = text.partial.split(separator: 10, omittingEmptySubsequences: false)
      text.partial = Array(lines.removeLast())
      text.lines += lines.map { String(decoding: $0, as: UTF8.self) }
      if bytes.isEmpty {
        if !text.partial.isEmpty { text.lines.append(String(decoding: text.partial, as: UTF8.self)) }
        text.hasEnded = true
      }
    }
    changed.broadcast()
    changed.unlock()
  }

  /// All lines so far.
  public var lines: [String] { text.withLock { $0.lines } }

  /// Whether the child has closed its end.
  public var hasEnded: Bool { text.withLock { $0.hasEnded } }

  /// The first line at or after `start` that fits; nil after `seconds`, or when the stream has ended.
  public func line(
    from start: Int = 0, within seconds: Double = 10, where fits: (String) -> Bool = { _ in true }
  ) -> String? {
    let limit = Date().addingTimeInterval(seconds)
    changed.lock()
    defer { changed.unlock() }
    while true {
      let (found, hasEnded) = text.withLock { ($0.lines.dropFirst(start).first(where: fits), $0.hasEnded) }
      if found != nil || hasEnded || !changed.wait(until: limit) { return found }
    }
  }

  /// All of it, once the child has closed its end.
  public func readToEnd(within seconds: Double = 30) -> [String] {
    _ = line(within: seconds) { _ in false }
    return lines
  }
}
