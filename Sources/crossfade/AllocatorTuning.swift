// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// Has glibc's allocator keep more freed blocks at hand for each thread; docs/adr/0009 says what that gains.
///
/// A turn of the loop frees what some twenty requests held and allocates it anew for the next twenty, and
/// glibc keeps seven blocks of a size without a lock. The number can only be given in the environment of a
/// starting program, so the program starts itself once more, under the same process id.
enum AllocatorTuning {
  private static let variable = "GLIBC_TUNABLES"
  private static let tunable = "glibc.malloc.tcache_count"
  /// For each thread and each of 64 sizes up to 1 kB: 9 MB a thread at the very most.
  private static let blocks = 256

  /// Returns when there is nothing to do: it has been done, or the operator has set the number, or the
  /// program cannot be started anew (no /proc), which costs speed and nothing else.
  static func apply() {
    let present = getenv(variable).map { String(cString: $0) } ?? ""
    if present.contains(tunable) { return }
    setenv(variable, (present.isEmpty ? "" : present + ":") + "\(tunable)=\(blocks)", 1)
    // By its path: executed as `exe`, it would be called that in lists of processes.
    var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    if readlink("/proc/self/exe", &path, Int(PATH_MAX)) > 0 { execv(path, CommandLine.unsafeArgv) }
  }
}
