// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// A memcached key: 1 to 250 bytes, none of them 0x00–0x20 or 0x7F (protocol.txt, "Keys").
///
/// A key that exists is safe to put on the wire: checked here once, nowhere else. The limits are the
/// server's own; a key that broke them would run the data behind it as a command.
public struct Key: Hashable, Sendable, CustomStringConvertible {
  public static let maximumLength = 250

  public let bytes: [UInt8]

  /// Why bytes cannot be a key.
  public enum Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    case tooLong(length: Int)
    case forbiddenByte(UInt8, offset: Int)

    public var description: String {
      switch self {
      case .empty: "a key has at least 1 byte"
      case .tooLong(let length): "a key has at most \(Key.maximumLength) bytes, this one \(length)"
      case .forbiddenByte(let byte, let offset):
        "byte \(offset) of the key is 0x\(hexadecimal(byte)); 0x00–0x20 and 0x7F are not allowed"
      }
    }
  }

  public init(_ bytes: [UInt8]) throws(Invalid) {
    if bytes.isEmpty { throw .empty }
    if bytes.count > Key.maximumLength { throw .tooLong(length: bytes.count) }
    if let offset = bytes.firstIndex(where: { $0 <= 0x20 || $0 == 0x7F }) {
      throw .forbiddenByte(bytes[offset], offset: offset)
    }
    self.bytes = bytes
  }

  public init(_ text: String) throws(Invalid) { try self.init(Array(text.utf8)) }

  // All bytes at once: an array hands over each for itself.
  public func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  /// The key as text; bytes that are not UTF-8 are replaced.
  public var description: String { String(decoding: bytes, as: UTF8.self) }
}

private func hexadecimal(_ byte: UInt8) -> String {
  (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}
