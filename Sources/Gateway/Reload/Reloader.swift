// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Reactor

/// At SIGHUP: reads the configuration file anew, under the flags and variables of the start, and has it in
/// force, or changes nothing and says everything that is wrong with it.
struct Reloader: Sendable {
  /// The one that changes all.
  let worker: LoopBound<Worker>
  let sources: SettingSources
  let notifier: ServiceNotifier
  let status: String
  let log: Logger
  /// What was set at the start, and what there was room for.
  let wantedConnections: Int
  let connections: Int

  func reload() async {
    notifier.reloading()
    let settings: Settings
    do { settings = fitted(try Settings.resolve(sources.readingFile())) } catch {
      failed(error.faults.map(\.description))
      return notifier.ready(status)
    }
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      let isPosted = worker.post { worker in
        worker.change({ _ in settings }) { outcome in
          ended(outcome)
          done.resume()
        }
      }
      if !isPosted { done.resume() }
    }
    notifier.ready(status)
  }

  // What was limited at the start to the descriptors that there are is limited still.
  private func fitted(_ settings: Settings) -> Settings {
    var settings = settings
    if settings.maximumConnections == wantedConnections { settings.maximumConnections = connections }
    return settings
  }

  private func ended(_ outcome: Result<[SettingName], ChangeRefusal>) {
    switch outcome {
    case .success(let restart):
      ProcessCounters.shared.count(.reloadDone)
      log.info("reloaded")
      for name in restart { log.warning("needs a restart", metadata: ["setting": "\(name.rawValue)"]) }
    case .failure(let refusal): failed(refusal.reasons)
    }
  }

  /// A line for each reason; what was in force stays so.
  private func failed(_ reasons: [String]) {
    ProcessCounters.shared.count(.reloadFailed)
    for reason in reasons { log.error("not reloaded", metadata: ["reason": "\(reason)"]) }
  }
}
