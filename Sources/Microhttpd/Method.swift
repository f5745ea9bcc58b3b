// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// A request's method. Names are case-sensitive (RFC 9110 §9.1).
public enum Method: Hashable, Sendable {
  case get, head, put, post, delete, patch, options
  case other(String)

  /// As it stands in the request.
  public var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .put: "PUT"
    case .post: "POST"
    case .delete: "DELETE"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    case .other(let name): name
    }
  }

  /// Reads a method's name as libmicrohttpd hands it over. Compared in C, and in the order of how often
  /// they come, because this runs once a request: a `String` is made only for the names nobody expects.
  init(_ name: UnsafePointer<CChar>) {
    if strcmp(name, "GET") == 0 {
      self = .get
    } else if strcmp(name, "PUT") == 0 {
      self = .put
    } else if strcmp(name, "POST") == 0 {
      self = .post
    } else if strcmp(name, "DELETE") == 0 {
      self = .delete
    } else if strcmp(name, "HEAD") == 0 {
      self = .head
    } else if strcmp(name, "OPTIONS") == 0 {
      self = .options
    } else if strcmp(name, "PATCH") == 0 {
      self = .patch
    } else {
      self = .other(String(cString: name))
    }
  }
}
