// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a token allows. None includes another: who administers need not see values.
enum Right: String, Hashable, Sendable, CaseIterable {
  /// Items may be looked at.
  case read
  /// Items may be changed.
  case write
  /// The admin listener may be used.
  case admin
}

/// What a route asks of its caller: a column of the table of routes, so that none is without.
enum Need: Hashable, Sendable {
  /// Nothing, not even a token: whoever watches over the process has none.
  case nothing
  case right(Right)
  /// A token; each of the request's operations asks for its own right.
  case rightOfEachOperation

  static let read = Need.right(.read)
  static let write = Need.right(.write)
  static let admin = Need.right(.admin)
}
