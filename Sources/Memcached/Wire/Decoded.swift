// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What kind of reply a request in flight expects. Decides how its bytes are read.
enum ReplyShape: Hashable, Sendable {
  case get, look, store, delete, arithmetic, touch, flush, stats, version
  /// `mn`, sent once a connection to learn whether the server speaks meta: any line is an answer.
  case noop

  init(_ operation: Command.Operation) {
    switch operation {
    case .get: self = .get
    case .look: self = .look
    case .store: self = .store
    case .delete: self = .delete
    case .increment, .decrement: self = .arithmetic
    case .touch: self = .touch
    case .flushAll: self = .flush
    case .stats: self = .stats
    case .version: self = .version
    }
  }
}

/// What the front of the read buffer holds for the oldest request in flight.
enum Decoded {
  /// From this length on, a value that is not all there is collected where it is to be in the end.
  static let largeValue = 64 << 10

  /// Not all of it; try again when at least `needed` bytes are there in all.
  case incomplete(needed: Int)
  /// The head of a hit with a large value of which not all is there, and what is to come: `valueLength` bytes
  /// and a line end.
  case head(Item, valueLength: Int, length: Int, opaque: UInt64?)
  /// A reply, the bytes it takes, and the opaque that came with it.
  case reply(Reply, length: Int, opaque: UInt64?)
  /// An error line that concerns this request only; the connection goes on.
  case failure(MemcachedError, length: Int)
  /// `ERROR` or `CLIENT_ERROR`: what we sent was not understood as we meant it.
  case rejected(MemcachedError, length: Int)
  /// The stream cannot be trusted any more. The connection is closed.
  case violation(MemcachedError)
}

/// What a decoder has to know beside the bytes.
struct DecodingContext {
  var shape: ReplyShape
  /// The boot that cas tokens of this connection carry; `CASToken.anyBoot`: items come without.
  var boot: UInt64
  /// Values longer than this are a violation; bounds what a broken server makes us allocate.
  var maximumValueLength: Int
  /// The key asked for: a classic reply names it, which is all that protocol offers for verification.
  var key: Key?
}

/// The error lines, which both protocols share (protocol.txt, "Error strings").
enum ErrorLine {
  /// Longer lines than this are no line of memcached's.
  static let maximumLength = 8 << 10

  /// Nil when the line is no error line.
  static func decode(_ line: UnsafeRawBufferPointer, length: Int) -> Decoded? {
    if line.starts(with: "SERVER_ERROR") { return .failure(serverError(text(line)), length: length) }
    if line.starts(with: "CLIENT_ERROR cannot increment or decrement non-numeric value") {
      return .reply(.notNumeric, length: length, opaque: nil)
    }
    if line.starts(with: "CLIENT_ERROR") || line.equals("ERROR") {
      let error = MemcachedError(.rejected, "the server rejected the command", serverLine: text(line))
      return .rejected(error, length: length)
    }
    return nil
  }

  /// For bytes that do not yet hold a whole line.
  static func incompleteLine(_ bytes: UnsafeRawBufferPointer) -> Decoded {
    if bytes.count > maximumLength { return violation("a line of more than \(maximumLength) bytes") }
    return .incomplete(needed: bytes.count + 1)
  }

  static func violation(_ what: String, line: UnsafeRawBufferPointer? = nil) -> Decoded {
    .violation(MemcachedError(.protocolViolation, what, serverLine: line.map(text)))
  }

  /// A line as text, cut to what is worth showing.
  static func text(_ line: UnsafeRawBufferPointer) -> String {
    String(decoding: line.prefix(200), as: UTF8.self)
  }

  private static func serverError(_ line: String) -> MemcachedError {
    if line.hasPrefix("SERVER_ERROR object too large") {
      // The limit is not in the line; the node fills it in when it knows it.
      return MemcachedError(.tooLarge(limit: 0), "the server refused the item as too large", serverLine: line)
    }
    // `Out of memory during read` is said of large items, which are allocated as their bytes come.
    if line.hasPrefix("SERVER_ERROR out of memory") || line.hasPrefix("SERVER_ERROR Out of memory") {
      return MemcachedError(.outOfMemory, "the server is out of memory for this item", serverLine: line)
    }
    return MemcachedError(.serverError, "the server failed", serverLine: line)
  }
}

/// The replies that are the same in both protocols: those of commands to whole servers.
enum ServerReply {
  static func decode(_ bytes: UnsafeRawBufferPointer, shape: ReplyShape) -> Decoded {
    if shape == .stats { return statistics(bytes) }
    guard let (line, length) = bytes.firstLine() else { return ErrorLine.incompleteLine(bytes) }
    if shape == .flush, line.equals("OK") { return .reply(.flushed, length: length, opaque: nil) }
    if line.starts(with: "VERSION ") {
      return .reply(.version(String(decoding: line[8...], as: UTF8.self)), length: length, opaque: nil)
    }
    return ErrorLine.decode(line, length: length) ?? ErrorLine.violation("an unexpected reply", line: line)
  }

  /// `STAT <name> <value>` lines up to `END`; `RESET` answers `stats reset`.
  private static func statistics(_ bytes: UnsafeRawBufferPointer) -> Decoded {
    var statistics: [Statistic] = []
    var offset = 0
    while let (line, length) = UnsafeRawBufferPointer(rebasing: bytes[offset...]).firstLine() {
      offset += length
      if line.equals("END") || line.equals("RESET") {
        return .reply(.stats(statistics), length: offset, opaque: nil)
      }
      guard line.starts(with: "STAT ") else {
        return ErrorLine.decode(line, length: offset)
          ?? ErrorLine.violation("an unexpected reply", line: line)
      }
      var reader = LineReader(UnsafeRawBufferPointer(rebasing: line[5...]))
      guard let name = reader.token() else {
        return ErrorLine.violation("a statistic without name", line: line)
      }
      statistics.append(Statistic(name: String(decoding: name, as: UTF8.self), value: reader.remainder()))
    }
    let maximum = 16 << 20
    return bytes.count > maximum
      ? ErrorLine.violation("statistics of more than \(maximum) bytes") : .incomplete(needed: bytes.count + 1)
  }
}
