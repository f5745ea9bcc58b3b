// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// A part of a whole, in millionths, so that it is compared without rounding.
public struct Share: Hashable, Sendable, CustomStringConvertible {
  public var millionths: UInt64

  public init(millionths: UInt64) { self.millionths = millionths }

  /// Of `part` in `whole`, rounded up: what is above a limit must not look as if it kept to it.
  init?(_ part: UInt64, of whole: UInt64) {
    if whole == 0 { return nil }
    let (high, low) = min(part, whole).multipliedFullWidth(by: 1_000_000)
    let (quotient, remainder) = whole.dividingFullWidth((high, low))
    millionths = quotient + (remainder > 0 ? 1 : 0)
  }

  /// Whether `part` is more than this share of `whole`.
  func isExceeded(by part: UInt64, of whole: UInt64) -> Bool {
    part.multipliedFullWidth(by: 1_000_000) > whole.multipliedFullWidth(by: millionths)
  }

  /// As a percentage with the decimals that it needs: `1%`, `0.25%`.
  public var description: String {
    let digits = String(millionths % 10_000)
    var decimals = String(repeating: "0", count: 4 - digits.count) + digits
    while decimals.hasSuffix("0") { decimals.removeLast() }
    return "\(millionths / 10_000)\(decimals.isEmpty ? "" : ".\(decimals)")%"
  }
}

/// What has to be so for the verdict `ready`; `MigrationRules` has the rules.
public struct MigrationLimits: Hashable, Sendable {
  /// How far back it looks.
  public var window: Duration = .seconds(600)
  /// Of the hits of all tiers in that time, those of older tiers.
  public var maximumOlderHits = Share(millionths: 10_000)
  /// Keys that were read in that time.
  public var minimumReads = 1_000

  public init() {}
}

extension SettingsResolver {
  mutating func readMigration() {
    typealias Syntax = SettingsSyntax
    readLast(.migrationWindow, \.migration.window, Syntax.duration(in: .seconds(1)...(.seconds(86_400))))
    readLast(.migrationMaximumOlderHits, \.migration.maximumOlderHits, Syntax.share)
    readLast(.migrationMinimumReads, \.migration.minimumReads, Syntax.count(in: 1...1_000_000_000))
  }
}

extension SettingsSyntax {
  /// `1%`, `0.25%`. A bare number is refused: 1 could be all or a hundredth.
  static func share(_ text: String) throws(InvalidValue) -> Share {
    guard text.hasSuffix("%") else { throw InvalidValue("no percentage (like 1%)") }
    let parts = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let whole = try count(String(parts[0]), 0...Int.max)
    if parts.count == 1 { return try share(whole, 0) }
    if parts[1].utf8.count > 4 { throw InvalidValue("more than four decimals") }
    // Also checks that there are any, and that they are digits.
    _ = try count(String(parts[1]), 0...9_999)
    let padded = parts[1] + String(repeating: "0", count: 4 - parts[1].utf8.count)
    return try share(whole, count(String(padded), 0...9_999))
  }

  private static func share(_ percent: Int, _ decimals: Int) throws(InvalidValue) -> Share {
    guard percent < 100 || percent == 100 && decimals == 0 else { throw InvalidValue("too large") }
    return Share(millionths: UInt64(percent * 10_000 + decimals))
  }
}
