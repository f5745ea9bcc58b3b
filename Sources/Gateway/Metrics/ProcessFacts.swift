// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// What the system knows of this process, by the names that Prometheus' own clients use.
struct ProcessFacts {
  let startTimeSeconds: Int
  /// User and system.
  let cpuSeconds: Double
  let residentBytes: Int
  let virtualBytes: Int
  let maximumDescriptors: UInt64

  /// When this was first asked for: the start of the gateway asks.
  static let startTime = time(nil)

  static func current() throws(SystemError) -> ProcessFacts {
    var usage = rusage()
    try syscall("getrusage") { getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) }
    var limit = rlimit()
    try syscall("getrlimit") { getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
    let pages = try memoryPages()
    let pageSize = sysconf(Int32(_SC_PAGESIZE))
    return ProcessFacts(
      startTimeSeconds: startTime, cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
      residentBytes: pages.resident * pageSize, virtualBytes: pages.total * pageSize,
      maximumDescriptors: UInt64(limit.rlim_cur))
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }

  /// The first two numbers of statm (proc(5)).
  private static func memoryPages() throws(SystemError) -> (total: Int, resident: Int) {
    let file = try syscall("open") { open("/proc/self/statm", O_RDONLY | O_CLOEXEC) }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = try syscall("read") { Int32(read(file, &bytes, 128)) }
    let numbers = bytes[..<Int(count)].split(separator: UInt8(ascii: " ")).prefix(2)
      .compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
  }
}
