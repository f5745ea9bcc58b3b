// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// A command as it stands on the wire, in the classic or in the meta protocol.
///
/// It is read more strictly than memcached reads: where protocol.txt has one form, a second one that a server
/// would take, too (a bare LF, two spaces, a block that its CRLF does not follow), is an error here. So what
/// a client wrote either is exactly the commands that are found, or it is malformed.
public struct WireCommand: Hashable, Sendable {
  /// Bytes that are no command.
  public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  public var verb: String
  /// Empty for commands that concern the whole server.
  public var key: [UInt8] = []
  /// The words behind the key: `["v", "f", "O7"]`, or flags, exptime and length.
  public var arguments: [String] = []
  /// The data block of a storage command.
  public var value: [UInt8]?

  /// The word of the meta protocol that begins with `flag`: `"O"` gives `O7`.
  public func argument(_ flag: Character) -> String? { arguments.first { $0.first == flag } }

  public init(verb: String, key: [UInt8] = [], arguments: [String] = [], value: [UInt8]? = nil) {
    (self.verb, self.key, self.arguments, self.value) = (verb, key, arguments, value)
  }

  // MARK: Reading

  /// Takes the first command off the front of `bytes`; nil when not all of it is there yet.
  public static func take(from bytes: inout ArraySlice<UInt8>) throws(Malformed) -> WireCommand? {
    guard let end = bytes.firstIndex(of: 0x0A) else {
      // The longest line: a verb, a key and some numbers.
      if bytes.count > 2_048 { throw Malformed(description: "a line without an end") }
      return nil
    }
    var command = try WireCommand(line: bytes[bytes.startIndex..<end])
    var rest = bytes[(end + 1)...]
    if let length = try command.blockLength() {
      guard rest.count >= length + 2 else { return nil }
      command.value = Array(rest.prefix(length))
      rest = rest.dropFirst(length)
      guard rest.prefix(2).elementsEqual([0x0D, 0x0A]) else {
        throw Malformed(description: "a block of \(length) bytes is not followed by CRLF")
      }
      rest = rest.dropFirst(2)
    }
    bytes = rest
    return command
  }

  /// How many words are allowed behind the key, and which of them is the length of a block.
  private struct Form {
    var hasKey = true
    var arguments: ClosedRange<Int>
    var lengthIndex: Int?
    var isMeta = false
  }

  private static let forms: [String: Form] = [
    "mg": Form(arguments: 0...20, isMeta: true), "md": Form(arguments: 0...20, isMeta: true),
    "ma": Form(arguments: 0...20, isMeta: true),
    "ms": Form(arguments: 1...20, lengthIndex: 0, isMeta: true),
    "get": Form(arguments: 0...0), "gets": Form(arguments: 0...0),
    "set": Form(arguments: 3...3, lengthIndex: 2), "add": Form(arguments: 3...3, lengthIndex: 2),
    "replace": Form(arguments: 3...3, lengthIndex: 2), "append": Form(arguments: 3...3, lengthIndex: 2),
    "prepend": Form(arguments: 3...3, lengthIndex: 2), "cas": Form(arguments: 4...4, lengthIndex: 2),
    "delete": Form(arguments: 0...0), "touch": Form(arguments: 1...1),
    "incr": Form(arguments: 1...1), "decr": Form(arguments: 1...1),
    "mn": Form(hasKey: false, arguments: 0...0), "version": Form(hasKey: false, arguments: 0...0),
    "stats": Form(hasKey: false, arguments: 0...2), "flush_all": Form(hasKey: false, arguments: 0...1),
    "quit": Form(hasKey: false, arguments: 0...0),
  ]

  private init(line: ArraySlice<UInt8>) throws(Malformed) {
    let text = String(decoding: line, as: UTF8.self).debugDescription
    guard line.last == 0x0D else { throw Malformed(description: "a line that CRLF does not end: \(text)") }
    var words = line.dropLast().split(separator: 0x20, omittingEmptySubsequences: false)
    guard words.allSatisfy({ !$0.isEmpty && !$0.contains { $0 < 0x20 || $0 == 0x7F } }) else {
      throw Malformed(description: "an empty word or a control character: \(text)")
    }
    verb = String(decoding: words.removeFirst(), as: UTF8.self)
    guard let form = WireCommand.forms[verb] else { throw Malformed(description: "no such verb: \(text)") }
    if form.hasKey {
      guard let key = words.first, key.count <= 250 else {
        throw Malformed(description: "no key, or one of more than 250 bytes: \(text)")
      }
      self.key = Array(words.removeFirst())
    }
    arguments = words.map { String(decoding: $0, as: UTF8.self) }
    guard form.arguments.contains(arguments.count) else {
      throw Malformed(description: "too few or too many words: \(text)")
    }
    try check(form, text)
  }

  private func check(_ form: Form, _ text: String) throws(Malformed) {
    for (index, word) in arguments.enumerated() where form.hasKey {
      let isFlag = form.isMeta && index != form.lengthIndex
      let isRight = isFlag ? word.first?.isLetter == true : UInt64(word).map { "\($0)" } == word
      if !isRight { throw Malformed(description: "`\(word)` is out of place: \(text)") }
    }
  }

  private func blockLength() throws(Malformed) -> Int? {
    guard let index = WireCommand.forms[verb]?.lengthIndex else { return nil }
    guard let length = Int(arguments[index]) else {
      throw Malformed(description: "`\(arguments[index])` is no length")
    }
    return length
  }
}
