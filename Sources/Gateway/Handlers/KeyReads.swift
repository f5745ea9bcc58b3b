// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Hop 4 of a request: GET and HEAD of one key.

import Memcached
import Microhttpd

/// `GET /keys/{key}`, `HEAD /keys/{key}`.
enum KeyReads {
  private static let forms: [Representation] = [.json, .octets, .text]

  static func get(_ call: Call) throws(Problem) {
    let form = try call.negotiate(forms)
    let conditions = ReadConditions(try Preconditions(call.request))
    get(call, form, conditions, try Promotion(call))
  }

  /// The same once its arguments have been read.
  static func get(
    _ call: Call, _ form: Representation, _ conditions: ReadConditions, _ promotion: Promotion = .none
  ) {
    let completion = { (answer: Answer) in
      // Not bound in the switch below: that would copy the item once more.
      if case .success(.hit(let item)) = answer.result {
        return respond(call, answer, item, form, conditions, promotion)
      }
      switch answer.result {
      case .success(.miss): fail(call, answer, .notFound())
      case .success(let reply): call.fail(Problem(unexpected: reply, tier: call.tierName(answer)))
      case .failure(let error):
        fail(call, answer, Problem(error, tier: call.tierName(answer), isWrite: false))
      }
    }
    let options = call.options()
    if promotion != .none {
      return call.context.client.promote(call.storedKey, options, completion: completion)
    }
    // HEAD only looks: it must not keep an item alive that nobody reads.
    let isPeek = call.request.method == .head
    call.context.client.get(call.storedKey, isPeek: isPeek, options, completion: completion)
  }

  private static func fail(_ call: Call, _ answer: Answer, _ problem: Problem) {
    var problem = problem
    call.context.cacheStatus.append(answer, to: &problem.fields)
    call.fail(problem, answer)
  }

  private static func respond(
    _ call: Call, _ answer: Answer, _ item: Item, _ form: Representation, _ conditions: ReadConditions,
    _ promotion: Promotion
  ) {
    // A token of an older tier must never pass for one of the primary.
    let isWeak = answer.tier > 0
    let verdict = conditions.verdict(item.cas, isWeak: isWeak, form)
    if verdict == .failed { return call.fail(.changed(), answer) }
    // Made only where it is wanted: it copies a reference to each of its parts.
    func body() -> ItemBody { ItemBody(key: call.key, item: item, tier: call.tierName(answer)) }
    if let part = call.part {
      return part.complete(
        verdict == .notModified ? .notModified(item.cas, isWeak: isWeak) : .item(body(), isWeak: isWeak))
    }
    var response: Response
    if form == .json {
      response = .of(.json, call.context.json.items.item(body()))
    } else {
      response = .of(form, item.value)
      // The bare bytes have no other place for the flags.
      response.fields.begin("Memcached-Flags")
      response.fields.write(decimal: UInt64(item.flags))
    }
    call.context.cacheStatus.append(answer, to: &response.fields)
    call.appendTiming(answer, to: &response.fields)
    response.add(eTag: item.cas, isWeak: isWeak, form)
    if promotion == .preferred, !isWeak { response.add("Preference-Applied", "promote") }
    // The body of a 304 stays, like that of HEAD: the HTTP layer sends its length only.
    if verdict == .notModified { response.status = 304 }
    call.respond(response)
  }
}

/// Whether a reader wants what only an older tier has to be in the primary, to write it by `If-Match`.
enum Promotion {
  case none
  /// By `Prefer: promote`, which is passed over where it cannot be (RFC 7240 §2).
  case preferred
  /// By `?promote=1`.
  case asked

  init(_ call: Call) throws(Problem) {
    let isGet = call.request.method == .get
    let isPossible = isGet && call.context.client.policy.promotes
    if !call.query.isEmpty, try call.query.number("promote", atMost: 1) == 1 {
      if !isGet { throw Problem(.invalidQuery, "HEAD changes nothing: `promote=1` is for GET") }
      guard isPossible else {
        throw Problem(
          .invalidQuery, "`promote=1` is not for --policy pymemcache, which copies nothing between tiers")
      }
      self = .asked
    } else {
      let prefers = isPossible && call.preferences?.promote ?? false
      self = prefers ? .preferred : .none
    }
  }
}
