// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// How many files the process may have open; a connection is one.
enum DescriptorLimit {
  /// Raises the soft limit to the hard one and returns it. The soft one is 1,024 on many systems for the
  /// sake of programs that call `select`; nothing here does.
  static func raise() throws(SystemError) -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    try syscall("getrlimit") { getrlimit(resource, &limit) }
    limit.rlim_cur = limit.rlim_max
    try syscall("setrlimit") { setrlimit(resource, &limit) }
    // Without a limit it is 2^64 − 1.
    return Int(clamping: limit.rlim_cur)
  }
}
