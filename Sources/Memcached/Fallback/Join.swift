// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Does `each` for 0..<count at once, and completes with all results in that order.
func join<Part>(
  _ count: Int, _ completion: @escaping ([Part]) -> Void, each: (Int, @escaping (Part) -> Void) -> Void
) {
  if count == 0 { return completion([]) }
  let parts = Parts<Part>(count: count)
  for index in 0..<count {
    each(index) { part in
      if let all = parts.put(part, at: index) { completion(all) }
    }
  }
}

/// The results of parts that end in any order.
private final class Parts<Part> {
  private var slots: [Part?]
  private var missing: Int

  init(count: Int) {
    slots = Array(repeating: nil, count: count)
    missing = count
  }

  /// All of them, once the last is there.
  func put(_ part: Part, at index: Int) -> [Part]? {
    precondition(slots[index] == nil, "a part ends once")
    slots[index] = part
    missing -= 1
    return missing == 0 ? slots.compactMap { $0 } : nil
  }
}
