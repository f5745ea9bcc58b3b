// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a caller would like but does not insist on (`Prefer`, RFC 7240).
///
/// Unknown preferences and broken ones are passed over, as §2 asks.
struct Preferences: Hashable, Sendable {
  /// `respond-async`: a write is sent without waiting for its outcome, and answered with 202.
  private(set) var respondAsync = false
  /// `promote`: what only an older tier has is to be in the primary before it is answered.
  private(set) var promote = false
  /// `timing`: the answer is to say what each tier took.
  private(set) var timing = false
  /// `wait` (§4.3): the time for the whole request, cut to `Limits.longestWaitSeconds`. Nil also for 0: who
  /// asks wants an answer, and in no time there is none.
  private(set) var waitSeconds: Int?

  init(_ fields: [String]) {
    var hasWait = false
    for field in fields {
      for piece in fieldPieces(of: field[...], separatedBy: UInt8(ascii: ",")) {
        let parts = fieldPieces(of: piece, separatedBy: UInt8(ascii: ";"))
        guard let preference = parts.first.map(fieldParameter) else { continue }
        // An empty value is the same as none (§2).
        let hasValue = preference.value != nil && preference.value != "" && preference.value != "\"\""
        switch preference.name {
        case "respond-async" where !hasValue: respondAsync = true
        case "promote" where !hasValue: promote = true
        case "timing" where !hasValue: timing = true
        // Of several the first counts (§2), also when it is broken.
        case "wait" where !hasWait:
          hasWait = true
          waitSeconds = preference.value.flatMap(Preferences.seconds)
        default: break
        }
      }
    }
  }

  /// `delta-seconds` (RFC 9111 §1.2.2): digits, and however many of them no error.
  private static func seconds(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    let seconds = min(Int(text) ?? .max, Limits.longestWaitSeconds)
    return seconds == 0 ? nil : seconds
  }
}
