// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a caller would like but does not insist on (`Prefer`, RFC 7240).
///
/// Unknown preferences and broken ones are passed over, as §2 asks.
struct Preferences: Hashable, Sendable {
  /// `respond-async`: a write is sent without waiting for its outcome, and answered with 202.
  private(set) var respondAsync = false

  init(_ fields: [String]) {
    for field in fields {
      for piece in fieldPieces(of: field[...], separatedBy: UInt8(ascii: ",")) {
        let parts = fieldPieces(of: piece, separatedBy: UInt8(ascii: ";"))
        guard let preference = parts.first.map(fieldParameter) else { continue }
        // An empty value is the same as none (§2).
        let hasValue = preference.value != nil && preference.value != "" && preference.value != "\"\""
        if preference.name == "respond-async", !hasValue { respondAsync = true }
      }
    }
  }
}
