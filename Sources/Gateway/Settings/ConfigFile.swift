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
    do { configuration = try decoder.decode(ConfigValue.self, from: Data(bytes)) } catch {
      faults = [ConfigFile.unreadable(path, ConfigFile.reason(error))]
      return
    }
    var reader = ConfigReader(origin: path)
    reader.read(configuration)
    (values, faults) = (reader.values, reader.faults + repeatedKeys(bytes))
  }

  private func repeatedKeys(_ bytes: [UInt8]) -> [SettingFault] {
    RepeatedKeys.find(bytes).map {
      SettingFault(origin: path, key: $0.key, value: nil, reason: "twice (line \($0.line))", allowed: "once")
    }
  }

  private static func unreadable(_ path: String, _ reason: String) -> SettingFault {
    SettingFault(SettingName.config, value: path, reason: reason)
  }

  private static func reason(_ error: any Error) -> String {
    guard case DecodingError.dataCorrupted(let context) = error else { return "not JSON5: \(error)" }
    let cause = context.underlyingError.map { " \($0)" } ?? ""
    return "not JSON5: \(context.debugDescription)\(cause)"
  }
}

/// Finds keys that stand twice in one object, of which the decoder would take one and drop the other. For bytes
/// that the decoder has found to be JSON5: nothing else is checked.
enum RepeatedKeys {
  struct Repeated: Hashable {
    let key: String
    let line: Int
  }

  static func find(_ bytes: [UInt8]) -> [Repeated] {
    var scanner = Scanner(bytes: bytes)
    return scanner.scan()
  }

  private struct Scanner {
    let bytes: [UInt8]
    var index = 0
    var line = 1
    /// The keys so far of each object that is open; nil for a list.
    var open: [Set<String>?] = []
    var found: [Repeated] = []

    mutating func scan() -> [Repeated] {
      // The last word or string, which is a key if a colon follows.
      var last = ""
      while index < bytes.count {
        switch bytes[index] {
        case UInt8(ascii: "{"): open.append([])
        case UInt8(ascii: "["): open.append(Set<String>?.none)
        case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = open.popLast()
        case UInt8(ascii: "/"): skipComment()
        case UInt8(ascii: ":"): note(last)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): last = string()
        case UInt8(ascii: "\n"): line += 1
        case let byte where isWord(byte): last = word()
        default: break
        }
        index += 1
      }
      return found
    }

    private mutating func note(_ key: String) {
      guard let depth = open.indices.last, open[depth] != nil else { return }
      if open[depth]?.insert(key).inserted == false { found.append(Repeated(key: key, line: line)) }
    }

    private func isWord(_ byte: UInt8) -> Bool {
      byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || byte >= 0x80
        || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }

    private mutating func word() -> String {
      let start = index
      while index + 1 < bytes.count, isWord(bytes[index + 1]) { index += 1 }
      return String(decoding: bytes[start...index], as: UTF8.self)
    }

    // Escapes in keys are left as they are: no setting has any.
    private mutating func string() -> String {
      let (quote, start) = (bytes[index], index + 1)
      index += 1
      while index < bytes.count, bytes[index] != quote {
        if bytes[index] == UInt8(ascii: "\\") { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "\n") { line += 1 }
        index += 1
      }
      return String(decoding: bytes[start..<min(index, bytes.count)], as: UTF8.self)
    }

    private mutating func skipComment() {
      guard index + 1 < bytes.count else { return }
      let isBlock = bytes[index + 1] == UInt8(ascii: "*")
      index += 2
      while index < bytes.count {
        if bytes[index] == UInt8(ascii: "\n") {
          line += 1
          if !isBlock { return }
        }
        if isBlock, bytes[index] == UInt8(ascii: "/"), bytes[index - 1] == UInt8(ascii: "*") { return }
        index += 1
      }
    }
  }
}
