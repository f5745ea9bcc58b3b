// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// Tells the service manager that the process works, when it does: each time, every worker has answered a
/// letter first. One that hangs keeps its share of the connections hanging, and nobody else would notice; so
/// then nothing is told, and the manager starts the process anew.
struct Watchdog {
  private let threads: [WorkerThread]
  private let notifier: ServiceNotifier

  init(_ threads: [WorkerThread], _ notifier: ServiceNotifier) {
    self.threads = threads
    self.notifier = notifier
  }

  /// Until the task is cancelled; at once where no manager asks.
  func run() async {
    guard let interval = notifier.watchdogInterval else { return }
    while !Task.isCancelled {
      for thread in threads { await thread.ping() }
      notifier.alive()
      // Ends early when the task is cancelled, as the loop then does.
      try? await Task.sleep(for: interval / 3)
    }
  }
}
