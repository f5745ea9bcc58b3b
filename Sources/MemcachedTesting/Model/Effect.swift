// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// What memcached's verbs do, said once more and as plainly as possible, for `CacheModel`.
enum Effect {
  typealias State = CacheModel.Version?

  /// Where writes lead from any of `states`, in whatever order: each once (`mustAll`), or any of them.
  static func outcomes(
    _ states: CacheModel.States, _ writes: [CacheModel.Write], mustAll: Bool, _ model: CacheModel
  ) -> CacheModel.States {
    if writes.isEmpty { return states }
    let all = (1 << writes.count) - 1
    // By the writes that were done, as bits, what there may be after them.
    var reached: [CacheModel.States] = Array(repeating: [], count: all + 1)
    reached[0] = states
    for done in 0..<all {
      for (index, write) in writes.enumerated() where done & (1 << index) == 0 {
        let next = reached[done].flatMap { after(write, $0, isStrict: mustAll, writes.count == 1, model) }
        reached[done | (1 << index)].formUnion(next)
      }
    }
    return mustAll ? reached[all] : reached.reduce(into: []) { $0.formUnion($1) }
  }

  // What may be there after one write of a state.
  private static func after(
    _ write: CacheModel.Write, _ state: State, isStrict: Bool, _ isAlone: Bool, _ model: CacheModel
  ) -> [State] {
    let effects = of(write.operation, on: state, isFresh: write.isFresh, model)
    switch write.outcome {
    case .pending: return [state] + effects.map(\.state)
    case .failed(let outcome):
      let done = outcome == .notApplied ? [] : effects.map(\.state)
      return [state] + done + (mayLose(write.operation) ? [nil] : [])
    case .replied(let reply):
      if case .delete(nil) = write.operation, reply != .exists, !isAlone || model.mayFail { return [nil] }
      // What one reply says of a key may be true of the tiers that could be asked, or before another
      // write: then it tells nothing of what is there.
      if !isChange(reply), !isAlone || model.mayFail { return [state] }
      // An add that overlaps a delete finds no item where the delete has been, and stores before it ends.
      if !isAlone, let new = replacement(write.operation, now: model.now) { return [new] }
      return effects.filter { agrees(reply, $0.reply) }.map(\.state)
    }
  }

  // What a write that was done leaves, whatever was there before.
  private static func replacement(_ operation: Command.Operation, now: Int64) -> State? {
    guard case .store(let mode, let value, let flags, let exptime) = operation, mode != .append,
      mode != .prepend
    else { return nil }
    return .some(CacheModel.Version(value: value, flags: flags, expires: expires(exptime, now)))
  }

  // The older copies are deleted first, and then the primary fails.
  private static func mayLose(_ operation: Command.Operation) -> Bool {
    switch operation {
    case .store(.set, _, _, _), .delete(nil): true
    default: false
    }
  }

  /// Whether the reply says that something was changed.
  static func isChange(_ reply: Reply) -> Bool {
    switch reply {
    case .stored, .deleted, .counter, .touched: true
    default: false
    }
  }

  private static func agrees(_ reply: Reply, _ expected: Reply) -> Bool {
    switch (reply, expected) {
    case (.stored, .stored): true
    case (.counter(let left, _), .counter(let right, _)): left == right
    default: reply == expected
    }
  }

  // MARK: Verbs

  private static func of(
    _ operation: Command.Operation, on state: State, isFresh: Bool?, _ model: CacheModel
  ) -> [(reply: Reply, state: State)] {
    switch operation {
    case .store(let mode, let value, let flags, let exptime):
      let new = CacheModel.Version(value: value, flags: flags, expires: expires(exptime, model.now))
      return store(mode, new, on: state, isFresh)
    case .delete(nil): return [(state == nil ? .miss : .deleted, nil)]
    case .delete: return conditional(isFresh, .deleted, nil, on: state)
    case .increment(let delta): return count(state, model) { $0 &+ delta }
    case .decrement(let delta): return count(state, model) { $0 < delta ? 0 : $0 - delta }
    case .touch(let exptime):
      guard var item = state else { return [(.miss, nil)] }
      item.expires = expires(exptime, model.now)
      return [(.touched, item)]
    case .get, .look, .flushAll, .stats, .version: return []
    }
  }

  private static func store(
    _ mode: StoreMode, _ new: CacheModel.Version, on state: State, _ isFresh: Bool?
  ) -> [(reply: Reply, state: State)] {
    switch mode {
    case .set: return [(.stored(nil), new)]
    case .add: return state == nil ? [(.stored(nil), new)] : [(.notStored, state)]
    case .cas: return conditional(isFresh, .stored(nil), new, on: state)
    case .replace, .append, .prepend:
      guard var item = state else { return [(.notStored, nil)] }
      switch mode {
      case .append: item.value += new.value
      case .prepend: item.value = new.value + item.value
      default: item = new
      }
      return [(.stored(nil), item)]
    }
  }

  // A token of an older tier fits nowhere; that the primary does not have the key is as true as that
  // the item there is another one.
  private static func conditional(
    _ isFresh: Bool?, _ reply: Reply, _ new: State, on state: State
  ) -> [(reply: Reply, state: State)] {
    // A node answers that a token is of another server before it asks whether there is an item.
    if state == nil { return isFresh == true ? [(.miss, nil)] : [(.miss, nil), (.exists, nil)] }
    let refused: [(reply: Reply, state: State)] = [(.exists, state), (.miss, state)]
    switch isFresh {
    case true?: return [(reply, new)]
    case false?: return refused
    case nil: return [(reply, new)] + refused
    }
  }

  private static func count(
    _ state: State, _ model: CacheModel, _ change: (UInt64) -> UInt64
  ) -> [(reply: Reply, state: State)] {
    guard var item = state else { return [(.miss, nil)] }
    let digits = item.value.prefix { (0x30...0x39).contains($0) }
    guard let number = UInt64(String(decoding: digits, as: UTF8.self)),
      digits.count == item.value.count || item.value[digits.count] == 0x20
    else { return [(.notNumeric, item)] }
    let new = change(number)
    let bytes = Array(String(new).utf8)
    // Written over the old number, and padded with spaces where it is shorter.
    let padding = max(0, item.value.count - bytes.count)
    item.value = bytes + Array(repeating: 0x20, count: padding)
    let padded = (reply: Reply.counter(new, nil), state: State.some(item))
    if padding == 0 || !model.mayShorten { return [padded] }
    item.value = bytes
    return [padded, (.counter(new, nil), item)]
  }

  private static func expires(_ exptime: Exptime, _ now: Int64) -> Int64? {
    exptime == .never ? nil : now + Int64(exptime.seconds)
  }
}
