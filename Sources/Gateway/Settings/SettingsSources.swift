// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Where a setting's value came from.
public enum SettingSource: String, Sendable {
  case flag, environment, file, `default`
}

/// What was given, unread: flag beats environment, environment beats file, file beats default. A setting is taken
/// whole from one place: flags do not add to a list in the environment, they replace it.
public struct SettingSources: Sendable {
  private let flags: [SettingName: [String]]
  private let environment: [String: String]
  /// Nil where none is named.
  private(set) var file: ConfigFile?

  /// `flags` has one text a repetition; `environment` may be the process's whole one.
  public init(flags: [SettingName: [String]] = [:], environment: [String: String] = [:]) {
    self.flags = flags
    self.environment = environment
  }

  init(flags: [SettingName: [String]], file: ConfigFile) {
    (self.flags, environment, self.file) = (flags, [:], file)
  }

  /// The same with the file that they name, as it is now.
  public func readingFile() -> SettingSources {
    var sources = self
    sources.file = values(of: .config)?.last.map { ConfigFile(path: $0) }
    return sources
  }

  public func source(of name: SettingName) -> SettingSource {
    if flags[name]?.isEmpty == false { return .flag }
    if variable(of: name) != nil { return .environment }
    return fromFile(name) == nil ? .default : .file
  }

  // Tiers of the file that others replace have gone with all that is said of them there.
  private func fromFile(_ name: SettingName) -> [ConfigText]? {
    guard let texts = file?.values[name] else { return nil }
    let isOfTier = SettingDescription.of(name).isPerTier
    return isOfTier && (flags[.tier]?.isEmpty == false || variable(of: .tier) != nil) ? nil : texts
  }

  /// What is wrong with a value, told with the place at which it was given.
  func fault(_ name: SettingName, _ value: String, _ reason: String) -> SettingFault {
    guard source(of: name) == .file, let file else {
      return SettingFault(name, value: value, reason: reason)
    }
    let row = SettingDescription.of(name)
    let place = fromFile(name)?.first { $0.text == value }
    let shown = row.isPerTier ? String(value.drop { $0 != "=" }.dropFirst()) : value
    return SettingFault(
      name, origin: file.path, key: place?.key ?? row.key, value: place == nil ? value : shown,
      reason: reason,
      allowed: row.fileAllowed)
  }

  /// The given texts; nil when the default is to be used.
  func values(of name: SettingName) -> [String]? {
    if let values = flags[name], !values.isEmpty { return values }
    guard let text = variable(of: name) else { return fromFile(name)?.map(\.text) }
    let parts = text.split(whereSeparator: SettingSources.separators(of: name).contains).map(trimmed).filter {
      !$0.isEmpty
    }
    // Nothing but separators: left as it is, so that it is refused rather than overlooked.
    return parts.isEmpty ? [text] : parts
  }

  /// Variables that look like settings and are none: a misspelt one must not go unnoticed.
  var unknownVariables: [(name: String, value: String)] {
    let known = Set(SettingDescription.table.map(\.variable))
    return environment.filter { $0.key.hasPrefix("CROSSFADE_") && !known.contains($0.key) }
      .filter { !isServiceLink($0.key, $0.value) }
      .sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
  }

  /// An empty variable counts as none: that is what `NAME=${NAME:-}` of a compose file leaves behind.
  private func variable(of name: SettingName) -> String? {
    environment[SettingDescription.of(name).variable].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What parts the values of a variable; none where there is only one.
  static func separators(of name: SettingName) -> [Character] {
    switch name {
    case .listen, .admin: [",", " ", "\t", "\n"]
    // A path may have whatever the others are parted by.
    case .tier, .tlsAuthorities, .tlsCertificate, .tlsKey, .credentials: [";"]
    case .weights, .labels: [";", " ", "\t", "\n"]
    case .tierMode, .wireProtocol, .distribution, .tls, .corsOrigin: [";", ",", " ", "\t", "\n"]
    default: []
    }
  }

  private func trimmed(_ text: Substring) -> String {
    let front = text.drop { $0.isWhitespace }
    return String(
      front[..<(front.lastIndex { !$0.isWhitespace }.map(front.index(after:)) ?? front.startIndex)])
  }

  // Kubernetes gives each container the addresses of the namespace's services. For a service called
  // "crossfade" or "crossfade-…" these variables begin like settings, and nobody wrote them.
  private func isServiceLink(_ name: String, _ value: String) -> Bool {
    let transports = ["tcp", "udp", "sctp"]
    return name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
      || (name.hasSuffix("_PORT") && transports.contains { value.hasPrefix("\($0)://") })
      || (name.contains("_PORT_") && transports.contains { name.contains("_\($0.uppercased())") })
  }
}
