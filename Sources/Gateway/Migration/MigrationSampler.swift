// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// Asks all workers again and again what they have counted, from the start or from a change of tiers on: with
/// other tiers another sampler begins. Bound to the loop of worker 0.
final class MigrationSampler {
  /// The `NodeFactory.generation` whose tiers are counted.
  let generation: Int
  private let workers: Int
  private let loop: EventLoop
  private let collect: (@escaping ([Measurements]) -> Void) -> Void
  private var window: MigrationWindow
  private var timer: EventLoop.Timer?

  init(
    generation: Int, workers: Int, length: Duration, loop: EventLoop,
    collect: @escaping (@escaping ([Measurements]) -> Void) -> Void
  ) {
    self.generation = generation
    self.workers = workers
    self.loop = loop
    self.collect = collect
    window = MigrationWindow(length: length)
  }

  /// Takes a sample now, and one after each interval.
  func sample() {
    timer = loop.schedule(after: window.interval) { [weak self] in self?.sample() }
    collect { [weak self] parts in self?.note(parts) }
  }

  func stop() {
    timer?.cancel()
    timer = nil
  }

  private func note(_ parts: [Measurements]) {
    if let counts = counts(parts) { window.note(counts, at: loop.now) }
  }

  /// What came within the window; nil where that cannot be told, as while tiers change.
  func span(to parts: [Measurements]) -> MigrationWindow.Span? {
    counts(parts).flatMap { window.span(to: $0, at: loop.now) }
  }

  // Nil where a worker has ended, or has other tiers: it would be missed in the sums.
  private func counts(_ parts: [Measurements]) -> MigrationCounts? {
    guard parts.count == workers, parts.allSatisfy({ $0.generation == generation }) else { return nil }
    return MigrationCounts(TotalMeasurements(parts))
  }
}
