// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

extension SettingDescription {
  /// What a flag's help says: the meaning, what is allowed, the variable and the default.
  public var help: String {
    let choices = placeholder.isEmpty ? "" : " \(allowed.prefix(1).uppercased())\(allowed.dropFirst())."
    return "\(meaning)\(choices) [\(variable); default \(defaultText)]"
  }

  /// The table of docs/configuration.md, in Markdown. What it says is what help, errors and check-config say.
  public static var documentation: String {
    let head =
      "| key | flag | variable | type | default | allowed | meaning |\n|---|---|---|---|---|---|---|\n"
    return head + table.map(\.documentedRow).joined()
  }

  private var documentedRow: String {
    let place = name == .config ? "" : "`\(isPerTier ? "tiers[]." : "")\(key)`"
    let shownFlag = placeholder.isEmpty ? flag : "\(flag) <\(placeholder)>"
    let cells = [
      place, "`\(shownFlag)`", "`\(variable)`", typeText, "`\(defaultText)`",
      name == .tier ? allowed : fileAllowed, meaning,
    ]
    return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
  }
}
