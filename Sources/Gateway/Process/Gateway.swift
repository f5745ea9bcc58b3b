// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Glibc
import Logging
import Microhttpd
import Reactor
import UnixSignals

/// Why a gateway does not start.
public struct StartError: Error, CustomStringConvertible {
  public let description: String
}

/// The life of the process: start all workers, serve until a signal, drain, end.
///
///     self-test ─► bind all ─► start workers ─► open all ─► … ─SIGTERM─► announce ─delay─► drain all ─► end all
///                                                                └─ a second one ─► exit at once
public struct Gateway {
  private let settings: Settings
  private let log: Logger
  private let listeners: Listeners
  private let threads: [WorkerThread]
  private let notifier: ServiceNotifier

  /// Serves until the first SIGTERM or SIGINT, and returns when what was in flight has been answered.
  /// - Parameter sources: what the settings were made of: at SIGHUP the file among them is read anew.
  public static func run(
    _ settings: Settings, from sources: SettingSources, log: Logger
  ) async throws(StartError) {
    _ = ProcessFacts.startTime
    // A client that has gone is told by the write's own error.
    signal(SIGPIPE, SIG_IGN)
    // Before anything else: a signal that comes while starting is then kept, not lost.
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    let (firstSignal, told) = AsyncStream.makeStream(of: UnixSignal.self)
    let (reloads, asked) = AsyncStream.makeStream(of: Void.self)
    // One loop for all signals, since the sequence can be iterated only once.
    let watching = Task {
      var isFirst = true
      for await signal in signals {
        if signal == .sighup {
          asked.yield()
          continue
        }
        if !isFirst { leave(at: signal, log) }
        isFirst = false
        told.yield(signal)
      }
    }
    defer { watching.cancel() }
    do {
      let gateway = try await Gateway(starting: settings, log: log)
      let reloading = Task { [reloader = gateway.reloader(sources, wanted: settings)] in
        for await _ in reloads { await reloader.reload() }
      }
      defer { reloading.cancel() }
      await gateway.drain(after: firstSignal)
    } catch {
      throw StartError(description: "\(error)")
    }
  }

  // MARK: Start

  private init(starting settings: Settings, log: Logger) async throws {
    do { try Daemon.selfTest() } catch {
      throw StartError(description: "libmicrohttpd failed the self-test: \(error)")
    }
    let settings = Gateway.fit(settings, into: try DescriptorLimit.raise(), log)
    self.settings = settings
    self.log = log
    let environment = ProcessInfo.processInfo.environment
    notifier = ServiceNotifier(environment: environment, log: log)
    listeners = try Listeners(settings, passed: SocketActivation(environment: environment))
    do { threads = try await Gateway.startWorkers(settings, listeners, log) } catch {
      // The process is about to end, and with it the sockets; the files would stay.
      listeners.removeFiles()
      throw error
    }
    for listener in listeners.ofWorker[0] {
      log.info(
        "listening", metadata: ["address": "\(listener.name)", "listener": "\(listener.role.rawValue)"])
      if settings.asksWhoCalls, !listener.isSecure, !listener.address.isLoopback {
        log.warning("tokens can be read on the way", metadata: ["address": "\(listener.name)"])
      }
    }
    threads[0].worker.post { $0.watchNodes() }
    notifier.ready(status)
  }

  /// For the service manager's eyes.
  private var status: String {
    let addresses = listeners.ofWorker[0].map { "\($0.role.rawValue) on \($0.address)" }
    return "serving " + addresses.joined(separator: ", ")
  }

  private static func startWorkers(
    _ settings: Settings, _ listeners: Listeners, _ log: Logger
  ) async throws -> [WorkerThread] {
    let factory = try NodeFactory(settings)
    let access = try AccessControl.reading(settings, log)
    var threads: [WorkerThread] = []
    for (index, own) in listeners.ofWorker.enumerated() {
      threads.append(
        try await WorkerThread.start(
          index: index, settings: settings, listeners: own, factory: factory, log: log))
    }
    // Once all are there: the first request may already ask for something of every worker.
    let most = settings.connectionsPerAddress
    let group = WorkerGroup(
      threads.map(\.worker), addressLimit: most > 0 ? AddressLimit(most) : nil,
      https: try settings.makeHTTPS())
    for thread in threads { try await thread.open(group, factory, access) }
    return threads
  }

  /// Leaves descriptors for what must not wait behind clients: connections to nodes, and the admin's.
  private static func fit(_ settings: Settings, into descriptors: Int, _ log: Logger) -> Settings {
    let daemons = max(1, Settings.daemonCount(settings.listen))
    let most = max(1, ((descriptors - 128) / settings.workers - 16) / daemons)
    if settings.maximumConnections <= most { return settings }
    var settings = settings
    settings.maximumConnections = most
    log.info("connections limited", metadata: ["descriptors": "\(descriptors)", "connections": "\(most)"])
    return settings
  }

  // MARK: Reload

  private func reloader(_ sources: SettingSources, wanted: Settings) -> Reloader {
    Reloader(
      threads: threads, sources: sources, notifier: notifier, status: status, log: log,
      wantedConnections: wanted.maximumConnections, started: settings)
  }

  // MARK: End

  private func drain(after signals: AsyncStream<UnixSignal>) async {
    let watchdog = Task { [threads, notifier] in await Watchdog(threads, notifier).run() }
    defer { watchdog.cancel() }
    for await signal in signals {
      log.info(
        "draining",
        metadata: ["signal": "\(signal)", "delay": "\(DurationText.text(settings.drainDelay))"])
      break
    }
    await announceDrain()
    let deadline = Instant.current() + settings.drainTimeout
    // All of them before any answer closes its connection: its client connects anew at once, and what waits at a
    // listener that is closed is reset.
    await forAllThreads { await $0.stopAccepting() }
    await forAllThreads { await $0.drain(deadline: deadline) }
    await forAllThreads { await $0.end(deadline: deadline) }
    listeners.removeFiles()
    log.info("stopped")
  }

  /// Load balancers that ask `/readyz` have the delay to notice; meanwhile all is served as before.
  private func announceDrain() async {
    notifier.stopping(within: settings.drainDelay + settings.drainTimeout + .seconds(5))
    for thread in threads { thread.worker.post { $0.announceDrain() } }
    if settings.drainDelay == .zero { return }
    for thread in threads { thread.worker.post { $0.closeBehindAnswers() } }
    // Nobody cancels this task: a second signal ends the process.
    try? await Task.sleep(for: settings.drainDelay)
  }

  private func forAllThreads(_ body: @escaping @Sendable (WorkerThread) async -> Void) async {
    await withTaskGroup { group in
      for thread in threads { group.addTask { await body(thread) } }
    }
  }

  /// As the shell tells of a process that a signal ended: 128 and its number.
  private static func leave(at signal: UnixSignal, _ log: Logger) -> Never {
    log.warning("leaving at once", metadata: ["signal": "\(signal)"])
    // Not `exit`: its handlers would run while the workers still use what they tear down.
    _exit(128 + signal.rawValue)
  }
}
