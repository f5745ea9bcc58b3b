// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CLinux
import Glibc

/// A system call that failed: which one, and the `errno` it left.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  public let call: String
  public let code: Int32

  public init(call: String, code: Int32) {
    self.call = call
    self.code = code
  }

  public var description: String { "\(call): \(SystemError.text(code))" }

  /// The C library's words for an `errno`.
  public static func text(_ code: Int32) -> String {
    // The XSI form of `strerror_r`, which is what Swift sees: it fills the buffer and returns 0.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      buffer.initialize(repeating: 0)
      guard let base = buffer.baseAddress, strerror_r(code, base, buffer.count) == 0 else {
        return "errno \(code)"
      }
      return String(cString: base)
    }
  }
}

/// What a non-blocking call came to.
public enum IOResult: Hashable, Sendable {
  case done(Int)
  case wouldBlock
}

/// Runs `body` again while a signal interrupts it; throws the `errno` of a call that returned −1.
@discardableResult
@inlinable
public func syscall(_ call: StaticString, _ body: () -> Int32) throws(SystemError) -> Int32 {
  while true {
    let result = body()
    if result != -1 { return result }
    if errno != EINTR { throw SystemError(call: "\(call)", code: errno) }
  }
}

/// As `syscall`, for reads and writes of a non-blocking descriptor.
@inlinable
public func syscallIO(_ call: StaticString, _ body: () -> Int) throws(SystemError) -> IOResult {
  while true {
    let result = body()
    if result >= 0 { return .done(result) }
    switch errno {
    case EINTR: continue
    case EAGAIN: return .wouldBlock
    default: throw SystemError(call: "\(call)", code: errno)
    }
  }
}

/// A pipe whose ends no child process inherits unless it is given them.
public func openPipe() throws(SystemError) -> (readEnd: Int32, writeEnd: Int32) {
  var ends: [Int32] = [0, 0]
  try syscall("pipe2") { cf_pipe(&ends) }
  return (ends[0], ends[1])
}

/// Reads a whole file, which has at most `limit` bytes. Blocks: not for a loop's thread.
public func readFile(_ path: String, atMost limit: Int) throws(SystemError) -> [UInt8] {
  let descriptor = try syscall("open") { open(path, O_RDONLY | O_CLOEXEC) }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 65_536)
  while case .done(let count) = try syscallIO("read", { read(descriptor, &piece, piece.count) }), count > 0 {
    bytes += piece.prefix(count)
    if bytes.count > limit { throw SystemError(call: "read", code: EFBIG) }
  }
  return bytes
}
