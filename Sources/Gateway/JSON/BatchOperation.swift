// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// What `POST /batch` takes: `{"operations":[{"op":"get","key":"a"},…]}`.
struct BatchRequest: Decodable {
  /// An operation that cannot be read is a problem of its own, and none of the others'.
  let operations: [Result<BatchOperation, Problem>]

  init(from decoder: any Decoder) throws {
    guard let limit = decoder.userInfo[.maximumOperations] as? Int else {
      preconditionFailure("whoever decodes a batch says how many operations it may have")
    }
    let members = try JSONMembers(decoder, allowed: ["operations"])
    operations = try members.list("operations", of: Element.self, atMost: limit).map { $0.operation }
  }

  private struct Element: Decodable {
    let operation: Result<BatchOperation, Problem>

    init(from decoder: any Decoder) {
      do {
        operation = .success(try BatchOperation(from: decoder))
      } catch let problem as Problem {
        operation = .failure(problem)
      } catch {
        // All that is not a `Problem`: members that are wrong have been told as one.
        operation = .failure(Problem(.invalidBody, "the operation is no JSON object"))
      }
    }
  }
}

extension CodingUserInfoKey {
  /// Most operations of a batch, an `Int`.
  static let maximumOperations = CodingUserInfoKey(rawValue: "maximumOperations")!  // any text is a name
}

/// One operation of a batch: a verb, a key, and what a request of its own would have in its body and fields.
///
/// | op              | does what                   | members beside `op` and `key` |
/// |-----------------|-----------------------------|-------------------------------|
/// | get             | GET                         |                               |
/// | set             | PUT                         | value, encoding, flags, ttl   |
/// | add             | PUT with `If-None-Match: *` | as set                        |
/// | replace         | PUT with `If-Match: *`      | as set                        |
/// | cas             | PUT with `If-Match: "…"`    | as set, and ifMatch is needed |
/// | delete          | DELETE                      |                               |
/// | append, prepend | POST …/append, …/prepend    | value, encoding               |
/// | incr, decr      | POST …/incr, …/decr         | delta, initial, ttl           |
/// | touch           | POST …/touch                | ttl                           |
///
/// All may have ifMatch and ifNoneMatch, which those that know no condition refuse as their requests do.
struct BatchOperation {
  fileprivate enum Verb: String, CaseIterable {
    case get, set, add, replace, cas, delete, append, prepend, incr, decr, touch

    var members: [String] {
      switch self {
      case .get, .delete: []
      case .set, .add, .replace, .cas: ItemRequest.members
      case .append, .prepend: PieceRequest.members
      case .incr, .decr: CounterRequest.members
      case .touch: TouchRequest.members
      }
    }
  }

  fileprivate enum Arguments {
    case get(ReadConditions)
    case store(ItemRequest, WriteCondition)
    case delete(WriteCondition)
    case append(PieceRequest), prepend(PieceRequest)
    case count(CounterRequest, isIncrement: Bool)
    case touch(TouchRequest)
  }

  let key: Key
  private let arguments: Arguments

  /// Begins it, as `call`, whose key is that of the operation.
  func perform(_ call: Call) throws(Problem) {
    switch arguments {
    case .get(let conditions): KeyReads.get(call, .json, conditions)
    case .store(let item, let condition): KeyWrites.put(call, try NewItem(item, call), condition)
    case .delete(let condition): try KeyWrites.delete(call, condition)
    case .append(let piece): KeyWrites.append(call, try NewItem.piece(piece, call))
    case .prepend(let piece): KeyWrites.prepend(call, try NewItem.piece(piece, call))
    case .count(let counter, let isIncrement):
      try Counters.count(call, isIncrement: isIncrement, counter)
    case .touch(let touch): try KeyWrites.touch(call, touch)
    }
  }

  /// Whether it changes anything, which then has to be told as not done if it is not begun.
  var isWrite: Bool {
    if case .get = arguments { false } else { true }
  }
}

extension BatchOperation: Decodable {
  init(from decoder: any Decoder) throws {
    let members = try JSONMembers(decoder)
    let verb = try Verb(members)
    try members.refuseOthers(than: ["op", "key"] + verb.members + ["ifMatch", "ifNoneMatch"])
    guard let text = try members.text("key") else {
      throw Problem(.invalidBody, "the member `key` is missing")
    }
    key = try checkedKey(Array(text.utf8))
    let preconditions = try Preconditions(
      ifMatch: try members.text("ifMatch"), ifNoneMatch: try members.text("ifNoneMatch"))
    arguments = try Arguments(verb, members, preconditions)
  }
}

extension BatchOperation.Verb {
  fileprivate init(_ members: JSONMembers) throws {
    guard let name = try members.text("op") else { throw Problem(.invalidBody, "the member `op` is missing") }
    guard let verb = Self(rawValue: name) else {
      let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw Problem(.invalidBody, "`op` is `\(name)`; allowed are \(names)")
    }
    self = verb
  }
}

extension BatchOperation.Arguments {
  fileprivate init(
    _ verb: BatchOperation.Verb, _ members: JSONMembers, _ preconditions: Preconditions
  ) throws {
    switch verb {
    case .get: self = .get(ReadConditions(preconditions))
    case .set, .add, .replace, .cas:
      let condition = try WriteCondition(verb.strengthened(preconditions))
      self = .store(try ItemRequest(members), condition)
    case .delete: self = .delete(try WriteCondition(preconditions))
    case .append, .prepend, .incr, .decr, .touch:
      try preconditions.refuse()
      self =
        switch verb {
        case .append: .append(try PieceRequest(members))
        case .prepend: .prepend(try PieceRequest(members))
        case .touch: .touch(try TouchRequest(members))
        default: .count(try CounterRequest(members), isIncrement: verb == .incr)
        }
    }
  }
}

extension BatchOperation.Verb {
  /// The preconditions that the verb itself is.
  fileprivate func strengthened(_ given: Preconditions) throws(Problem) -> Preconditions {
    var preconditions = given
    switch self {
    case .add: preconditions.ifNoneMatch = given.ifNoneMatch ?? .any
    case .replace: preconditions.ifMatch = given.ifMatch ?? .any
    case .cas:
      guard case .tags = given.ifMatch else {
        throw Problem(.invalidPrecondition, "`cas` needs `ifMatch`, the ETag of the item to replace")
      }
    default: break
    }
    return preconditions
  }
}
