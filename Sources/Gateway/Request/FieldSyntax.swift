// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// The pieces of a field value between separators, without the white space around them and without
/// empty ones (RFC 9110 §5.6.1). A separator in a quoted string (§5.6.4) does not count.
func fieldPieces(of text: Substring, separatedBy separator: UInt8) -> [Substring] {
  var pieces: [Substring] = []
  var start = text.startIndex
  var isQuoted = false
  var isEscaped = false
  let bytes = text.utf8
  for index in bytes.indices {
    let byte = bytes[index]
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\"") {
      isQuoted.toggle()
    } else if isQuoted {
      isEscaped = byte == UInt8(ascii: "\\")
    } else if byte == separator {
      pieces.append(trimmed(text[start..<index]))
      start = bytes.index(after: index)
    }
  }
  pieces.append(trimmed(text[start...]))
  return pieces.filter { !$0.isEmpty }
}

/// `name=value` taken apart, with optional white space around the sign; no value when there is no sign.
func fieldParameter(_ piece: Substring) -> (name: String, value: Substring?) {
  guard let sign = piece.utf8.firstIndex(of: UInt8(ascii: "=")) else { return (piece.lowercased(), nil) }
  let value = piece[piece.utf8.index(after: sign)...]
  return (trimmed(piece[..<sign]).lowercased(), trimmed(value))
}

/// Whether it is a token (RFC 9110 §5.6.2).
func isToken(_ text: Substring) -> Bool {
  !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
}

func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
  case UInt8(ascii: "0")...UInt8(ascii: "9"): true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}

/// Optional white space (RFC 9110 §5.6.3).
func isFieldSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

private func trimmed(_ text: Substring) -> Substring {
  guard let first = text.utf8.firstIndex(where: { !isFieldSpace($0) }) else { return "" }
  guard let last = text.utf8.lastIndex(where: { !isFieldSpace($0) }) else { return "" }
  return text[first...last]
}
