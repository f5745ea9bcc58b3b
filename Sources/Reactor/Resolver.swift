// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CLinux
import Glibc

/// Host names resolved off the loop: `getaddrinfo` may block for seconds.
public enum Resolver {
  /// What a look-up failed with: the resolver's words.
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  // The resolver's thread may be the last to let go of it. By then it is empty: what the completion
  // captured belongs to the loop, and has to be freed on the loop's thread.
  private final class Request {
    private var completion: ((Result<[SocketAddress], Failure>) -> Void)?
    init(_ completion: @escaping (Result<[SocketAddress], Failure>) -> Void) { self.completion = completion }

    func complete(_ result: Result<[SocketAddress], Failure>) {
      let completion = self.completion
      self.completion = nil
      completion?(result)
    }
  }

  /// Resolves `host` on a thread of its own and calls `completion` on the loop with the addresses in
  /// the order in which they should be tried (RFC 6724, by the C library). Never called when the loop
  /// ends first; called before `resolve` returns when no thread can be had.
  public static func resolve(
    host: String, port: UInt16, on loop: EventLoop,
    completion: @escaping (Result<[SocketAddress], Failure>) -> Void
  ) {
    let bound = LoopBound(Request(completion), on: loop)
    do {
      try startThread(named: "resolver") {
        let result = lookUp(host: host, port: port)
        bound.post { $0.complete(result) }
      }
    } catch {
      completion(.failure(Failure(description: "\(error)")))
    }
  }

  /// The blocking look-up.
  public static func lookUp(host: String, port: UInt16) -> Result<[SocketAddress], Failure> {
    // Asked for one of these, the C library says "unsupported" when no interface has an address of that
    // family (AI_ADDRCONFIG), though loopback may well have one.
    if let address = SocketAddress(numericHost: host, port: port) { return .success([address]) }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    if code != 0 {
      let text = code == EAI_SYSTEM ? SystemError.text(errno) : String(cString: gai_strerror(code))
      return .failure(Failure(description: "cannot resolve \(host): \(text)"))
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next {
      if let address = entry.pointee.ai_addr {
        addresses.append(SocketAddress(address, length: entry.pointee.ai_addrlen))
      }
      next = entry.pointee.ai_next
    }
    return addresses.isEmpty
      ? .failure(Failure(description: "cannot resolve \(host): no address")) : .success(addresses)
  }
}
