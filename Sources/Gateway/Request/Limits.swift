// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Bounds that nobody has needed to set. Those of `Settings` are in `Settings`.
enum Limits {
  /// Most bytes of a body where no value is expected: counters, touch, requests that need no body.
  static let smallBodyLength = 64 << 10
  /// What a JSON form takes beside its value: the longest key with every byte escaped, and the names.
  static let jsonEnvelopeLength = 4096
  /// JSON spends at most six bytes on one of the value (`\u0000`).
  static let jsonBytesPerByte = 6
  /// Most tags of one `If-Match`: each one that could match costs a command that carries the value.
  static let entityTags = 8
  /// How often incr or decr with `initial` tries again when the counter comes and goes meanwhile.
  static let counterRounds = 3
  /// The most of `Prefer: wait`: a request that waits holds a connection, its memory and a node's slot.
  static let longestWaitSeconds = 30
  /// `Retry-After` of a 503: about the time in which a node is asked again.
  static let retryAfterSeconds = 1
  /// The longest `delay` of a flush: a larger number would be read as a date (protocol.txt, "flush_all").
  static let flushDelaySeconds: UInt64 = 2_592_000
}
