// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Reactor

/// At SIGHUP: reads the certificates of HTTPS anew, and the configuration file, under the flags and variables of the
/// start. Each is then in force, or changes nothing and says everything that is wrong with it.
struct Reloader: Sendable {
  /// The first one's worker changes all.
  let threads: [WorkerThread]
  let sources: SettingSources
  let notifier: ServiceNotifier
  let status: String
  let log: Logger
  /// What was set at the start, and what there was room for.
  let wantedConnections: Int
  let started: Settings

  func reload() async {
    notifier.reloading()
    reloadCertificates()
    let settings: Settings
    do { settings = fitted(try Settings.resolve(sources.readingFile())) } catch {
      failed(error.faults.map(\.description))
      return notifier.ready(status)
    }
    await threads[0].worker.tell { worker, done in
      worker.change({ _ in settings }) { outcome in
        ended(outcome)
        done()
      }
    }
    notifier.ready(status)
  }

  /// For connections that come from now on.
  private func reloadCertificates() {
    do {
      guard let https = try started.makeHTTPS() else { return }
      for thread in threads { thread.worker.post { $0.renewCertificates(https) } }
      log.info("certificates reloaded")
    } catch {
      log.error("certificates not reloaded", metadata: ["reason": "\(error)"])
    }
  }

  // What was limited at the start to the descriptors that there are is limited still.
  private func fitted(_ settings: Settings) -> Settings {
    var settings = settings
    if settings.maximumConnections == wantedConnections {
      settings.maximumConnections = started.maximumConnections
    }
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
