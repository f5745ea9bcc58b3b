// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Who sent a request, by the token in it (RFC 6750 §2.1). In a query or a body none is looked for: queries
/// stand in logs.
enum Bearer {
  /// What says how to ask (RFC 9110 §11.6.1).
  static let challenge = "Bearer realm=\"crossfade\""

  /// The owner of the request's token.
  static func token(of request: any IncomingRequest, _ tokens: Tokens) throws(Problem) -> Token {
    guard let field = request.header("Authorization") else {
      throw Problem(.tokenNeeded, "send `Authorization: Bearer TOKEN`").with("WWW-Authenticate", challenge)
    }
    guard request.headers("Authorization").count == 1 else { throw invalid("`Authorization` is given twice") }
    let scheme = field.prefix { $0 != " " }
    // What was sent is not repeated: it may be a token with one letter wrong.
    guard scheme.lowercased() == "bearer" else { throw invalid("`Authorization` is not `Bearer TOKEN`") }
    let secret = field[scheme.endIndex...].drop { $0 == " " }
    guard let token = tokens.token(Array(secret.utf8)) else { throw invalid("the token is not known") }
    return token
  }

  private static func invalid(_ detail: String) -> Problem {
    Problem(.invalidToken, detail).with("WWW-Authenticate", "\(challenge), error=\"invalid_token\"")
  }
}
