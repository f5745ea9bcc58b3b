// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

@testable import Memcached

// Short words for what the tests of the memory store do and see.
extension Command.Operation {
  static func set(_ text: String, flags: UInt32 = 0, ttl: UInt32 = 0) -> Self {
    put(.set, text, flags: flags, ttl: ttl)
  }

  static func put(_ mode: StoreMode, _ text: String, flags: UInt32 = 0, ttl: UInt32 = 0) -> Self {
    .store(mode, value: Array(text.utf8), flags: flags, exptime: Exptime(seconds: ttl))
  }

  static let get = Command.Operation.get(isPeek: false)
  static let peek = Command.Operation.get(isPeek: true)
}

extension MemoryStore {
  func reply(_ operation: Command.Operation, _ key: String) throws -> Reply {
    try perform(Command(try Key(key), operation)).get()
  }

  func item(_ key: String, isPeek: Bool = false) -> Item? {
    guard case .hit(let item) = try? reply(.get(isPeek: isPeek), key) else { return nil }
    return item
  }

  func value(_ key: String, isPeek: Bool = false) -> String? {
    item(key, isPeek: isPeek).map { String(decoding: $0.value, as: UTF8.self) }
  }

  func statistics(_ argument: String = "") throws -> [String: String] {
    guard case .stats(let lines) = try perform(Command(.stats(argument: argument))).get() else { return [:] }
    return Dictionary(lines.map { ($0.name, $0.value) }) { first, _ in first }
  }

  func number(_ name: String) throws -> Int? { try statistics()[name].flatMap { Int($0) } }
}
