// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc
import Synchronization

/// How many connections each address has, over all daemons that share this, and how many it may have.
///
/// The one thing that workers share for connections, so there is a lock: taken when a connection comes and
/// when it goes, and not at all where there is no such limit. An IPv6 host has a whole /64 to connect from,
/// which counts as one address.
public final class AddressLimit: Sendable {
  /// An IPv4 address (also one in IPv6's clothes), or the first half of an IPv6 address.
  public struct Address: Hashable, Sendable {
    let family: UInt16
    let bits: UInt64

    public init(family: UInt16, bits: UInt64) {
      self.family = family
      self.bits = bits
    }
  }

  private let most: Int
  private let counts = Mutex<[Address: Int]>([:])

  public init(_ most: Int) { self.most = most }

  /// Counts a connection more; false when there are as many as may be.
  func enter(_ address: Address) -> Bool {
    counts.withLock { counts in
      let count = counts[address, default: 0]
      if count >= most { return false }
      counts[address] = count + 1
      return true
    }
  }

  func leave(_ address: Address) {
    counts.withLock { counts in
      guard let count = counts[address] else { preconditionFailure("an address leaves that did not enter") }
      counts[address] = count > 1 ? count - 1 : nil
    }
  }
}

extension AddressLimit.Address {
  /// nil for unix sockets, whose clients have no address.
  init?(_ address: UnsafePointer<sockaddr>) {
    let bytes = UnsafeRawPointer(address)
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      self.init(family: UInt16(AF_INET), bits: UInt64(bytes.load(fromByteOffset: 4, as: UInt32.self)))
    case AF_INET6:
      let (high, low) = (
        bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian,
        bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self).bigEndian
      )
      if high == 0, low >> 32 == 0xFFFF {
        self.init(family: UInt16(AF_INET), bits: UInt64(UInt32(truncatingIfNeeded: low).bigEndian))
      } else {
        self.init(family: UInt16(AF_INET6), bits: high)
      }
    default: return nil
    }
  }
}

extension Daemon {
  /// Whether a client of that address may have one more connection, which then counts.
  func admits(_ client: Int32, from address: UnsafePointer<sockaddr>) -> Bool {
    guard let addressLimit, let address = AddressLimit.Address(address) else { return true }
    guard addressLimit.enter(address) else {
      counters.addressRefusals += 1
      return false
    }
    addresses[client] = address
    return true
  }

  /// A connection has gone.
  func forgetAddress(of client: Int32) {
    guard let addressLimit, let address = addresses.removeValue(forKey: client) else { return }
    addressLimit.leave(address)
  }
}
