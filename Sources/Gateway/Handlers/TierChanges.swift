// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// `PUT /tiers` and `PATCH /tiers/{name}`: change the tiers of every worker while they serve. Answered when all
/// of them have changed, with the tiers that there are then.
enum TierChanges {
  static func put(_ call: Call) throws(Problem) {
    change(call, TierRequest.replace(try body(of: call)), try call.negotiate([.json, .text]))
  }

  static func patch(_ call: Call) throws(Problem) {
    let name = String(decoding: call.key.bytes, as: UTF8.self)
    change(call, TierRequest.patch(name, try body(of: call)), try call.negotiate([.json, .text]))
  }

  private static func body(of call: Call) throws(Problem) -> ConfigValue {
    guard try call.hasJSONBody() else {
      throw Problem(.unsupportedMediaType, "the tiers are JSON: send `Content-Type: application/json`")
    }
    return try call.context.json.decode(ConfigValue.self, from: call.request.body)
  }

  private static func change(_ call: Call, _ change: @escaping TierChange, _ form: Representation) {
    guard let changeTiers = call.context.changeTiers else {
      return call.fail(Problem(.notReady, "the tiers of this gateway cannot be changed"))
    }
    changeTiers(change) { outcome in
      switch outcome {
      case .success(let context): Tiers.answer(call, context, form)
      case .failure(let refusal): call.fail(problem(refusal))
      }
    }
  }

  private static func problem(_ refusal: ChangeRefusal) -> Problem {
    let type: ProblemType =
      switch refusal.kind {
      case .invalid: .invalidBody
      case .unknownTier: .noSuchTier
      case .conflict: .staleTier
      case .draining: .notReady
      }
    return Problem(type, refusal.reasons.joined(separator: "; "))
  }
}
