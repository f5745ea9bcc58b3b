// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Reactor

/// A configuration file, JSON5, read but not yet checked against the rest of the settings.
struct ConfigFile: Sendable {
  let path: String
  private(set) var values: [SettingName: [ConfigText]] = [:]
  /// What is wrong with its form; what is wrong with a value is found where all values are checked.
  private(set) var faults: [SettingFault] = []

  static let longest = 1 << 20

  /// Reads the file; one that cannot be read has one fault.
  init(path: String) {
    do {
      self.init(path: path, try readFile(path, atMost: ConfigFile.longest))
    } catch {
      self.init(path: path, faults: [ConfigFile.unreadable(path, "\(error)")])
    }
  }

  /// Of a request: what it says has been read.
  init(origin: String, _ configuration: ConfigValue) {
    path = origin
    var reader = ConfigReader(origin: origin)
    reader.read(configuration)
    (values, faults) = (reader.values, reader.faults)
  }

  private init(path: String, faults: [SettingFault]) {
    self.path = path
    self.faults = faults
  }

  init(path: String, _ bytes: [UInt8]) {
    self.path = path
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    let configuration: ConfigValue
    let outline = JSON5Outline(of: bytes)
    do { configuration = try decoder.decode(ConfigValue.self, from: Data(bytes)) } catch {
      let reason = outline.fault?.description ?? ConfigFile.reason(error)
      faults = [ConfigFile.unreadable(path, "not JSON5: \(reason)")]
      return
    }
    var reader = ConfigReader(origin: path)
    reader.read(configuration)
    let repeated = outline.repeated.map {
      SettingFault(origin: path, key: $0.key, value: nil, reason: "twice (line \($0.line))", allowed: "once")
    }
    (values, faults) = (reader.values, reader.faults + repeated)
  }

  private static func unreadable(_ path: String, _ reason: String) -> SettingFault {
    SettingFault(SettingName.config, value: path, reason: reason)
  }

  private static func reason(_ error: any Error) -> String {
    guard case DecodingError.dataCorrupted(let context) = error else { return "\(error)" }
    return context.debugDescription
  }
}
