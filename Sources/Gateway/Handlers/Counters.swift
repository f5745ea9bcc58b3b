// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Hop 4 of a request: incr and decr.

import Glibc
import Memcached
import Microhttpd

/// `POST /keys/{key}/incr`, `/decr`, and the same with the key in the body: `POST /incr`, `/decr`.
///
/// A counter that is missing is created with `initial`, which is then its value: the delta is not
/// applied. memcached cannot do both in one step in every protocol, so it is a dance:
///
///     incr ── counter ─► 200
///       └──── miss ──► add initial ── stored ─► 201
///      ▲                    └─────── not stored ─┐  somebody else created it meanwhile
///      └──────────────────────────────────────────┘  a few rounds at most
enum Counters {
  static func incr(_ call: Call) throws(Problem) { try start(call, isIncrement: true) }

  static func decr(_ call: Call) throws(Problem) { try start(call, isIncrement: false) }

  static func incrKeyInBody(_ call: Call) throws(Problem) { try startKeyInBody(call, isIncrement: true) }

  static func decrKeyInBody(_ call: Call) throws(Problem) { try startKeyInBody(call, isIncrement: false) }

  /// The same once its arguments have been read.
  static func count(_ call: Call, isIncrement: Bool, _ arguments: CounterRequest) throws(Problem) {
    try Dance(call, isIncrement, arguments).step(round: 1)
  }

  private static func start(_ call: Call, isIncrement: Bool) throws(Problem) {
    if let body = try call.arguments(CounterRequest.self) {
      try call.check(memberKey: body.key)
      try count(call, isIncrement: isIncrement, body)
    } else {
      let query = call.query
      let arguments = CounterRequest(
        delta: try query.number("delta", atMost: .max), initial: try query.number("initial", atMost: .max),
        ttl: try query.number("ttl", atMost: .max))
      try count(call, isIncrement: isIncrement, arguments)
    }
  }

  private static func startKeyInBody(_ call: Call, isIncrement: Bool) throws(Problem) {
    guard let body = try call.arguments(CounterRequest.self), let text = body.key else {
      throw Problem(.invalidBody, "the member `key` is missing")
    }
    let key = try checkedKey(Array(text.utf8))
    // As if the key had stood in the path.
    let own = try Call(call.request, call.context, caller: call.caller, key: key, query: call.query)
    try count(own, isIncrement: isIncrement, body)
  }
}

/// One incr or decr on its way: an object, because the completions of its steps capture it.
private final class Dance {
  let call: Call
  let isIncrement: Bool
  let delta: UInt64
  let initial: UInt64?
  let exptime: Exptime
  let options: RequestOptions

  init(_ call: Call, _ isIncrement: Bool, _ arguments: CounterRequest) throws(Problem) {
    try call.request.refusePreconditions()
    let blame: ProblemType = call.request.body.isEmpty ? .invalidQuery : .invalidBody
    if arguments.ttl != nil, arguments.initial == nil {
      throw Problem(blame, "`ttl` is for a counter that is created: give `initial` too, or touch the key")
    }
    self.call = call
    self.isIncrement = isIncrement
    delta = arguments.delta ?? 1
    initial = arguments.initial
    exptime = try Exptime(ttl: arguments.ttl ?? 0, unixTime: Int64(time(nil)), blame)
    // The dance has to see whether the counter was there, so it cannot be sent without waiting.
    options = call.options(isSequence: initial != nil, noreply: initial == nil && call.prefersNoReply)
  }

  func step(round: Int) {
    let client = call.context.client
    if isIncrement {
      client.incr(call.storedKey, by: delta, options) { [self] in counted($0, round: round) }
    } else {
      client.decr(call.storedKey, by: delta, options) { [self] in counted($0, round: round) }
    }
  }

  private func counted(_ answer: Answer, round: Int) {
    switch answer.result {
    case .success(.counter(let value, let token)):
      call.respond(.counted(status: 200, call.key, value, token), answer)
    case .success(.accepted): call.respond(.accepted, answer)
    case .success(.notNumeric):
      call.fail(Problem(.notNumeric, "the value is not an unsigned 64-bit decimal number"), answer)
    case .success(.miss):
      guard let initial else { return call.fail(.notFound(), answer) }
      create(initial, round: round)
    case .success(let reply): call.fail(Problem(unexpected: reply, tier: call.tierName(answer)), answer)
    case .failure(let error): call.fail(call.problem(error, ofWrite: answer), answer)
    }
  }

  private func create(_ initial: UInt64, round: Int) {
    let value = Array(String(initial).utf8)
    call.context.client.add(call.storedKey, value, exptime: exptime, options) { [self] answer in
      switch answer.result {
      case .success(.stored(let token)):
        call.respond(.counted(status: 201, call.key, initial, token), answer)
      case .success(.notStored) where round < Limits.counterRounds: step(round: round + 1)
      case .success(.notStored):
        var problem = Problem(.contended, "the counter came and went \(round) times meanwhile")
        problem.outcome = .notApplied
        call.fail(problem, answer)
      case .success(let reply): call.fail(Problem(unexpected: reply, tier: call.tierName(answer)), answer)
      case .failure(let error): call.fail(call.problem(error, ofWrite: answer), answer)
      }
    }
  }
}
