// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Crossfade's own version: the one place where it is written.
public enum Version {
  public static let current = "0.1.0"
}
