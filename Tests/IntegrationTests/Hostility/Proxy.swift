// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Reactor

/// A proxy of Debian's in front of a gateway, at a socket in a directory of its own, ended with the object.
///
/// Its log has a line for each request when it is over: whether the gateway answered it, the status, the
/// method, the target.
final class Proxy {
  enum Kind: String {
    /// Hands bodies on as they come, chunks as chunks.
    case nginx
    case haproxy
    /// The same, told to let requests pass that it finds malformed.
    case lenientHAProxy
    /// haproxy as a client of HTTPS, which reads nothing of what it hands on: a connection for each of its own.
    case tunnel

    /// Those that read HTTP themselves.
    static let readers: [Kind] = [.nginx, .haproxy, .lenientHAProxy]

    var program: String? { ChildProcess.program(self == .nginx ? "nginx" : "haproxy") }
  }

  struct LogLine {
    /// The gateway answered, not the proxy itself.
    let isGatewayAnswer: Bool
    let status: Int
    let method: String
    let target: String
  }

  let address: SocketAddress
  private let directory: URL
  private let output: LinePipe
  private let process: ChildProcess

  init(_ kind: Kind, before gateway: String) throws {
    guard let program = kind.program else { throw Failure(description: "\(kind) is not installed") }
    directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let socket = directory.appendingPathComponent("s").path
    let configuration = directory.appendingPathComponent("configuration")
    let text = Proxy.configuration(kind, directory.path, socket, gateway)
    try text.write(to: configuration, atomically: true, encoding: .utf8)
    guard let address = SocketAddress(unixPath: socket) else {
      throw Failure(description: "\(socket) is too long for a unix socket")
    }
    self.address = address
    output = try LinePipe()
    let arguments = kind == .nginx ? ["-c", configuration.path] : ["-db", "-f", configuration.path]
    process = try ChildProcess(
      program, arguments, streams: .init(output: output.writeEnd, errors: output.writeEnd))
    output.closeWriting()
    try waitUntilListening()
  }

  deinit {
    process.end(by: SIGKILL)
    // It is in the directory for temporary files: what cannot be removed now goes with the rest.
    try? FileManager.default.removeItem(at: directory)
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private func waitUntilListening() throws {
    let limit = Date().addingTimeInterval(20)
    // Nothing tells when another process begins to listen: asking again is all there is.
    while (try? RawConnection(to: address)) == nil {
      guard !process.hasEnded, Date() < limit else {
        throw Failure(
          description: "it does not listen: \(output.readToEnd(within: 1).joined(separator: " "))")
      }
      usleep(5_000)
    }
  }

  // MARK: Log

  /// All lines up to that of the request for `target`, which has been answered.
  func log(until target: String) throws -> [LogLine] {
    let last = output.line { Proxy.parse($0)?.target.hasSuffix(target) == true }
    guard last != nil else { throw Failure(description: "no line of \(target) in its log") }
    return output.lines.compactMap(Proxy.parse)
  }

  private static let mark = "REQUEST "

  private static func parse(_ line: String) -> LogLine? {
    guard line.hasPrefix(mark) else { return nil }
    let words = line.dropFirst(mark.count).split(
      separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard words.count == 4, let status = Int(words[1]) else { return nil }
    return LogLine(
      isGatewayAnswer: words[0] != "-" && words[0] != "<NOSRV>", status: status, method: String(words[2]),
      target: String(words[3]))
  }

  // MARK: Configurations

  private static func configuration(
    _ kind: Kind, _ directory: String, _ socket: String, _ gateway: String
  ) -> String {
    switch kind {
    case .nginx: nginx(directory, gateway)
    case .haproxy, .lenientHAProxy: haproxy(socket, gateway, kind)
    case .tunnel: tunnel(socket, gateway)
    }
  }

  private static func tunnel(_ socket: String, _ gateway: String) -> String {
    """
    global
      log stdout format raw local0
    defaults
      mode tcp
      timeout connect 10s
      timeout client 30s
      timeout server 30s
    listen tunnel
      bind unix@\(socket)
      server gateway \(gateway) ssl verify none

    """
  }

  private static func nginx(_ directory: String, _ gateway: String) -> String {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(directory)/\($0);" }
    return """
      daemon off;
      master_process off;
      pid \(directory)/pid;
      error_log stderr crit;
      events { worker_connections 2000; }
      http {
        \(temporary.joined(separator: " "))
        log_format requests '\(mark)$upstream_status $status $request_method $request_uri';
        access_log /dev/stdout requests;
        upstream gateway { server \(gateway); keepalive 4; }
        server {
          listen unix:\(directory)/s;
          client_max_body_size 0;
          location / {
            proxy_pass http://gateway;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering off;
            proxy_ignore_client_abort on;
          }
        }
      }
      """
  }

  private static func haproxy(_ socket: String, _ gateway: String, _ kind: Kind) -> String {
    """
    global
      log stdout format raw local0
      # Threads that log at the same moment lose lines.
      nbthread 1
    defaults
      mode http
      log global
      log-format "\(mark)%s %ST %HM %HU"
      timeout connect 10s
      timeout client 10s
      timeout server 10s
      http-reuse always
    frontend clients
      bind unix@\(socket)
      \(kind == .lenientHAProxy ? "option accept-invalid-http-request" : "")
      default_backend gateway
    backend gateway
      server gateway \(gateway)

    """
  }
}
