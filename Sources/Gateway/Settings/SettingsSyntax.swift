// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Reactor

/// Why a text is not a value of its setting.
struct InvalidValue: Error, Hashable {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// How the texts of single values are read. Pure: nothing here resolves, opens or looks around.
enum SettingsSyntax {
  typealias Parser<Value> = (String) throws(InvalidValue) -> Value

  // MARK: Numbers

  static func count(in range: ClosedRange<Int>) -> Parser<Int> {
    { text throws(InvalidValue) in try count(text, range) }
  }

  static func size(in range: ClosedRange<Int>) -> Parser<Int> {
    { text throws(InvalidValue) in try size(text, range) }
  }

  static func duration(in range: ClosedRange<Duration>) -> Parser<Duration> {
    { text throws(InvalidValue) in try duration(text, range) }
  }

  static func count(_ text: String, _ range: ClosedRange<Int>) throws(InvalidValue) -> Int {
    let number = try wholeNumber(text[...])
    guard range.contains(number) else { throw outOfRange(number < range.lowerBound) }
    return number
  }

  static func toggle(_ text: String) throws(InvalidValue) -> Bool {
    switch text {
    case "true", "on", "yes", "1": return true
    case "false", "off", "no", "0": return false
    default: throw InvalidValue("neither true nor false")
    }
  }

  static func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ text: String
  ) throws(InvalidValue) -> Choice {
    // Through allCases, not init(rawValue:): what is not offered yet must not be accepted.
    guard let choice = Choice.allCases.first(where: { $0.rawValue == text }) else {
      throw InvalidValue("no such choice")
    }
    return choice
  }

  /// Units are case-sensitive: `Mb` would leave open whether bits or bytes are meant.
  static func size(_ text: String, _ range: ClosedRange<Int>) throws(InvalidValue) -> Int {
    let (digits, suffix) = split(text)
    let number = try wholeNumber(digits)
    guard let unit = suffix.isEmpty ? 1 : SizeText.units.first(where: { $0.suffix == suffix })?.bytes else {
      throw InvalidValue("unknown unit \(quoted(String(suffix)))")
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
    guard !overflow, range.contains(bytes) else {
      throw outOfRange(!overflow && bytes < range.lowerBound)
    }
    return bytes
  }

  /// A bare number is refused: half of all programs would take it for seconds, the others for milliseconds.
  static func duration(_ text: String, _ range: ClosedRange<Duration>) throws(InvalidValue) -> Duration {
    let (digits, suffix) = split(text)
    let number = try wholeNumber(digits)
    if suffix.isEmpty { throw InvalidValue("no unit (ms, s, m or h)") }
    guard let unit = DurationText.units.first(where: { $0.suffix == suffix }) else {
      throw InvalidValue("unknown unit \(quoted(String(suffix)))")
    }
    let (milliseconds, overflow) = Int64(number).multipliedReportingOverflow(by: unit.milliseconds)
    guard !overflow, range.contains(.milliseconds(milliseconds)) else {
      throw outOfRange(!overflow && .milliseconds(milliseconds) < range.lowerBound)
    }
    return .milliseconds(milliseconds)
  }

  /// For what others count in seconds.
  static func wholeSeconds(_ duration: Duration) throws(InvalidValue) -> UInt32 {
    guard duration.wholeMilliseconds % 1_000 == 0 else { throw InvalidValue("not in whole seconds") }
    return UInt32(clamping: duration.components.seconds)
  }

  private static func outOfRange(_ below: Bool) -> InvalidValue {
    InvalidValue(below ? "too small" : "too large")
  }

  private static func split(_ text: String) -> (digits: Substring, suffix: Substring) {
    let digits = text.prefix { isDigit($0) }
    return (digits, text[digits.endIndex...])
  }

  // `Int("+5")` is five and `Character.isNumber` knows a hundred scripts: neither is meant here.
  private static func isDigit(_ character: Character) -> Bool {
    character.asciiValue.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
  }

  private static func wholeNumber(_ digits: Substring) throws(InvalidValue) -> Int {
    guard !digits.isEmpty, digits.allSatisfy(isDigit) else { throw InvalidValue("not a whole number") }
    guard let number = Int(digits) else { throw InvalidValue("too large") }
    return number
  }

  // MARK: Addresses

  /// A port has to be given: a default one, on an address of all things, would be a surprise.
  static func listenAddress(_ text: String) throws(InvalidValue) -> ListenAddress {
    if let path = try unixPath(text) { return .unix(path: path) }
    let isSecure = text.hasPrefix("https://")
    let (host, port) = try hostAndPort(isSecure ? String(text.dropFirst(8)) : text, ports: 0...65535)
    guard let port else { throw InvalidValue("no port") }
    return isSecure ? .https(host: host, port: port) : .tcp(host: host, port: port)
  }

  /// `HOST[:PORT]`, `unix:PATH` or `memory:SIZE`. Less than 1 MiB could not hold one large item.
  static func node(_ text: String) throws(InvalidValue) -> NodeAddress {
    if let path = try unixPath(text) { return .unix(path: path) }
    if text.hasPrefix("memory:") {
      do { return .memory(bytes: try size(String(text.dropFirst(7)), (1 << 20)...(1 << 44))) } catch {
        throw InvalidValue("\(quoted(text)): size \(error.reason) (1MiB to 16TiB)")
      }
    }
    let (host, port) = try hostAndPort(text, ports: 1...65535)
    return .tcp(host: host, port: port ?? NodeAddress.defaultPort)
  }

  private static func unixPath(_ text: String) throws(InvalidValue) -> String? {
    guard text.hasPrefix("unix:") else { return nil }
    let path = String(text.dropFirst(5))
    if path.isEmpty { throw InvalidValue("empty path") }
    // 107 bytes: what the kernel's sockaddr_un holds beside the NUL.
    guard SocketAddress(unixPath: path) != nil else {
      throw InvalidValue("path of more than 107 bytes, or with NUL")
    }
    return path
  }

  /// Takes the port off; which ports are good depends on whether one listens or connects.
  static func hostAndPort(
    _ text: String, ports: ClosedRange<Int>
  ) throws(InvalidValue) -> (host: String, port: UInt16?) {
    let (host, rest) = text.hasPrefix("[") ? try bracketed(text) : try plain(text)
    if rest.isEmpty { return (host, nil) }
    guard let port = try? count(String(rest.dropFirst()), ports) else {
      throw InvalidValue("bad port \(quoted(String(rest.dropFirst()))) (\(ports.lowerBound) to 65535)")
    }
    return (host, UInt16(port))
  }

  /// `[::1]:80` → `::1` and `:80`.
  private static func bracketed(_ text: String) throws(InvalidValue) -> (String, Substring) {
    guard let end = text.firstIndex(of: "]") else { throw InvalidValue("no closing bracket") }
    let host = String(text[..<end].dropFirst())
    let rest = text[end...].dropFirst()
    guard host.contains(":"), SocketAddress(numericHost: host, port: 0) != nil else {
      throw InvalidValue("\(quoted(host)) is no IPv6 address")
    }
    guard rest.isEmpty || rest.hasPrefix(":") else { throw InvalidValue("text after the bracket") }
    return (host, rest)
  }

  private static func plain(_ text: String) throws(InvalidValue) -> (String, Substring) {
    let host = text.prefix { $0 != ":" }
    let rest = text[host.endIndex...]
    if rest.dropFirst().contains(":") { throw InvalidValue("an IPv6 address goes in brackets") }
    if host.isEmpty { throw InvalidValue("empty host") }
    let isName = host.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard isName else { throw InvalidValue("\(quoted(String(host))) is no host name") }
    return (String(host), rest)
  }
}
