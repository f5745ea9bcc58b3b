// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// What every node promises, as cases that run against anything that does commands: a memory tier, a real
/// memcached through the classic or the meta protocol, a proxy.
///
///     let violations = try NodeConformance.run(
///       NodeConformance.cases(for: .classic), capabilities: .classic,
///       wait: { Thread.sleep(forTimeInterval: Double($0)) }, makeNode: { try startServer().perform })
///
/// Cases use keys of their own and share a server, except those that concern a whole one. Times leave room
/// for memcached's clock, which counts whole seconds and may be a second early.
public enum NodeConformance {
  /// With what to start a memcached 1.5 or later for the cases. Its LRU maintainer holds on to items for
  /// moments, and a number that gets shorter in such a moment is stored without the spaces behind it.
  public static let serverArguments = ["-o", "no_lru_maintainer"]

  /// Does a command and waits for its outcome.
  public typealias Perform = (Command) -> Result<Reply, MemcachedError>

  /// What not every protocol can do. The classic protocol has none of it.
  public struct Capabilities: OptionSet, Hashable, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A hit says how long the item still lives.
    public static let remainingTTL = Capabilities(rawValue: 1)
    /// A delete can be made to depend on a token.
    public static let conditionalDelete = Capabilities(rawValue: 2)
    /// Stores and counters return the new token.
    public static let tokenOnWrite = Capabilities(rawValue: 4)

    public static let classic: Capabilities = []
    public static let meta: Capabilities = [.remainingTTL, .conditionalDelete, .tokenOnWrite]
    public static let memory = meta
  }

  /// One promise.
  public struct Case: Sendable, CustomStringConvertible {
    /// The promise, as a sentence.
    public let name: String
    /// What the node must be able to do for it.
    public let needs: Capabilities
    /// It touches more than its own keys, and wants a server for itself.
    public let isExclusive: Bool
    let stages: [Stage]

    public var description: String { name }

    /// How long it waits for time to pass, in seconds; 0 for most.
    public var seconds: Int { stages.last?.after ?? 0 }
  }

  /// A part of a case: what is done so many seconds after its start.
  struct Stage: Sendable {
    let after: Int
    let body: @Sendable (Trial) throws -> Void
  }

  /// A promise that was not kept.
  public struct Violation: Error, CustomStringConvertible, Sendable {
    public let caseName: String
    public let detail: String
    public var description: String { "\(caseName): \(detail)" }
  }

  /// All cases, in the order in which a person would read them.
  public static let cases =
    storageCases + counterCases + tokenCases + lifetimeCases + serverCases + expiryCases

  /// Those that a node with these capabilities must pass.
  public static func cases(for capabilities: Capabilities) -> [Case] {
    cases.filter { capabilities.isSuperset(of: $0.needs) }
  }

  /// Runs cases and returns what was violated, at most one violation a case.
  ///
  /// - Parameters:
  ///   - capabilities: what the node can do, as cases are stricter with what they get to see.
  ///   - wait: lets so many seconds pass: by waiting, or by putting forward a clock of the test's own.
  ///     All cases wait together, 4 s in all.
  ///   - makeNode: starts a server of its own and gives what talks to it: called once for each
  ///     exclusive case and once for the others.
  public static func run(
    _ cases: [Case], capabilities: Capabilities, wait: (_ seconds: Int) -> Void,
    makeNode: () throws -> Perform
  ) throws -> [Violation] {
    let shared = try makeNode()
    let trials = try cases.map { promise in
      (promise, Trial(promise.name, capabilities, promise.isExclusive ? try makeNode() : shared))
    }
    return run(trials, wait)
  }

  static func run(_ trials: [(Case, Trial)], _ wait: (_ seconds: Int) -> Void) -> [Violation] {
    var violations: [Violation] = []
    var passed = 0
    for instant in Set(trials.flatMap { $0.0.stages.map(\.after) }).sorted() {
      if instant > passed { wait(instant - passed) }
      passed = instant
      for (promise, trial) in trials where !violations.contains(where: { $0.caseName == promise.name }) {
        let stages = promise.stages.filter { $0.after == instant }
        if let violation = run(stages, trial) { violations.append(violation) }
      }
    }
    return violations
  }

  private static func run(_ stages: [Stage], _ trial: Trial) -> Violation? {
    do {
      for stage in stages { try stage.body(trial) }
      return nil
    } catch {
      return error as? Violation ?? Violation(caseName: trial.name, detail: "\(error)")
    }
  }
}

extension NodeConformance.Case {
  /// A case that is over at once.
  init(
    _ name: String, needs: NodeConformance.Capabilities = [], isExclusive: Bool = false,
    _ body: @escaping @Sendable (NodeConformance.Trial) throws -> Void
  ) {
    self.init(
      name: name, needs: needs, isExclusive: isExclusive,
      stages: [NodeConformance.Stage(after: 0, body: body)])
  }

  /// A case that does something, lets seconds pass, and looks.
  init(
    _ name: String, isExclusive: Bool = false,
    start: @escaping @Sendable (NodeConformance.Trial) throws -> Void, after seconds: Int,
    _ end: @escaping @Sendable (NodeConformance.Trial) throws -> Void
  ) {
    self.init(
      name: name, needs: [], isExclusive: isExclusive,
      stages: [
        NodeConformance.Stage(after: 0, body: start), NodeConformance.Stage(after: seconds, body: end),
      ])
  }

  /// Runs this case alone; throws the violation.
  public func run(
    capabilities: NodeConformance.Capabilities, perform: @escaping NodeConformance.Perform,
    wait: (_ seconds: Int) -> Void
  ) throws {
    let trial = NodeConformance.Trial(name, capabilities, perform)
    if let violation = NodeConformance.run([(self, trial)], wait).first { throw violation }
  }
}
