// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Glibc
import Reactor
import Synchronization

/// A program that was started and will be ended: by its owner, or at the latest when the tests exit.
public final class ChildProcess: Sendable {
  private enum State: Equatable {
    /// Not yet waited for, so that the number cannot have become another process's.
    case running
    /// With the status that `waitpid` gave.
    case ended(Int32)
  }

  /// Where the program's standard descriptors lead; nil = `/dev/null`.
  public struct Streams: Sendable {
    public var input: Int32?
    public var output: Int32?
    public var errors: Int32?

    public init(input: Int32? = nil, output: Int32? = nil, errors: Int32? = nil) {
      self.input = input
      self.output = output
      self.errors = errors
    }
  }

  public let pid: pid_t
  private let state = Mutex(State.running)

  /// Starts `program`, a path.
  /// - Parameter environment: nil = that of this process.
  public init(
    _ program: String, _ arguments: [String], environment: [String: String]? = nil,
    streams: Streams = Streams()
  ) throws(SystemError) {
    pid = try ChildProcess.spawn(program, arguments, environment, streams)
    ChildProcess.endAtExit(pid)
  }

  deinit { end(by: SIGKILL) }

  /// Where a program is, in `PATH` or among the servers of the system; nil when it is not installed.
  public static func program(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    // A plain user of Debian does not have the last two in his path.
    let folders: [Substring] = path.split(separator: ":") + ["/usr/local/sbin", "/usr/sbin"]
    return folders.lazy.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Whether it is gone; does not wait.
  public var hasEnded: Bool {
    state.withLock { state in
      var status: Int32 = 0
      if state == .running, waitpid(pid, &status, WNOHANG) == pid { noteEnd(&state, status) }
      return state != .running
    }
  }

  /// Waits until it is gone: its exit status, or minus the number of the signal that ended it.
  @discardableResult
  public func wait() -> Int32 {
    // Without the lock, so that another thread can send it a signal meanwhile; the number stays its own
    // until it has been reaped below.
    var information = siginfo_t()
    while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
    return state.withLock { state in
      var status: Int32 = 0
      if state == .running, waitpid(pid, &status, 0) == pid { noteEnd(&state, status) }
      guard case .ended(let status) = state else { return -1 }
      return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }
  }

  /// Does nothing when it is gone.
  public func signal(_ number: Int32) {
    state.withLock { if $0 == .running { _ = Glibc.kill(pid, number) } }
  }

  /// Stops it from running (SIGSTOP) and waits until it has stopped: until then its threads go on. Does
  /// nothing when it is gone.
  public func suspend() {
    signal(SIGSTOP)
    var information = siginfo_t()
    // Without the lock, as in `wait`; that it ended instead is seen, too, and left to be waited for.
    while waitid(P_PID, id_t(pid), &information, WSTOPPED | WEXITED | WNOWAIT) == -1 && errno == EINTR {}
  }

  /// Sends the signal, wakes the program if it is suspended, and waits until it is gone.
  public func end(by number: Int32) {
    state.withLock { state in
      guard state == .running else { return }
      _ = Glibc.kill(pid, number)
      _ = Glibc.kill(pid, SIGCONT)
      var status: Int32 = 0
      while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
      noteEnd(&state, status)
    }
  }

  private func noteEnd(_ state: inout State, _ status: Int32) {
    state = .ended(status)
    ChildProcess.running.withLock { _ = $0.remove(pid) }
  }

  // MARK: Starting

  private static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String: String]?, _ streams: Streams
  ) throws(SystemError) -> pid_t {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    for (descriptor, stream) in zip(
      0...2 as ClosedRange<Int32>, [streams.input, streams.output, streams.errors])
    {
      if let stream {
        posix_spawn_file_actions_adddup2(&files, stream, descriptor)
      } else {
        posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0)
      }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    resetSignals(&attributes)

    var vector = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for argument in vector { free(argument) } }
    var pid = pid_t()
    var variables = environment.map { $0.map { strdup("\($0)=\($1)") } + [nil] }
    defer { for variable in variables ?? [] { free(variable) } }
    let code =
      variables == nil
      ? posix_spawn(&pid, program, &files, &attributes, &vector, environ)
      : posix_spawn(&pid, program, &files, &attributes, &vector, &variables!)  // not nil here
    if code != 0 { throw SystemError(call: "posix_spawn(\(program))", code: code) }
    return pid
  }

  // The child would inherit what a test ignores or blocks, and then not end by SIGTERM.
  private static func resetSignals(_ attributes: inout posix_spawnattr_t) {
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  }

  // MARK: The end of the tests

  private static let running = Mutex<Set<pid_t>>([])

  // Objects in globals are never deinitialized: a server in a `static let` would outlive the tests.
  private static let killsAllAtExit: Void = {
    atexit { ChildProcess.running.withLock { for pid in $0 { _ = Glibc.kill(pid, SIGKILL) } } }
  }()

  private static func endAtExit(_ pid: pid_t) {
    killsAllAtExit
    running.withLock { _ = $0.insert(pid) }
  }
}
