// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

/// Each HTTP verb once, on one tier, with what it has to come to whatever server is behind it. What depends on
/// the server (ETags, statistics, flush) is for the tests of that server.
enum VerbWalk {
  private static let plain = ["Content-Type: text/plain"]
  private static let asText = ["Accept: text/plain"]

  /// A request and what is expected of its answer.
  private struct Step {
    var method: String
    var target: String
    var headers: [String] = []
    var body: String?
    var status: Int
    var text: String?
  }

  /// Values that would be commands, if they ever were read as such.
  static let poison = "flush_all\r\ndelete kept\r\nset k 0 0 1\r\nx\r\n"

  private static let steps = [
    Step(method: "PUT", target: "/keys/kept", headers: plain, body: "kept", status: 204),
    Step(method: "GET", target: "/keys/k", status: 404),
    Step(method: "HEAD", target: "/keys/k", status: 404),
    Step(method: "PUT", target: "/keys/k?flags=7&ttl=100", headers: plain, body: poison, status: 204),
    Step(method: "GET", target: "/keys/k", headers: asText, status: 200, text: poison),
    Step(method: "HEAD", target: "/keys/k", status: 200),
    Step(method: "PUT", target: "/keys/k", headers: plain + ["If-None-Match: *"], body: "no", status: 412),
    Step(method: "PUT", target: "/keys/a", headers: plain + ["If-None-Match: *"], body: poison, status: 201),
    Step(method: "PUT", target: "/keys/a", headers: plain + ["If-Match: *"], body: poison, status: 204),
    Step(method: "PUT", target: "/keys/nobody", headers: plain + ["If-Match: *"], body: "no", status: 412),
    Step(method: "POST", target: "/keys/a/append", headers: plain, body: poison, status: 204),
    Step(method: "POST", target: "/keys/a/prepend", headers: plain, body: poison, status: 204),
    Step(method: "GET", target: "/keys/a", headers: asText, status: 200, text: poison + poison + poison),
    Step(method: "POST", target: "/keys/a/incr", body: "", status: 409),
    Step(method: "POST", target: "/keys/n/incr", body: "", status: 404),
    Step(
      method: "POST", target: "/keys/n/incr?initial=5", body: "", status: 201,
      text: #"{"key":"n","value":"5"}"#),
    Step(
      method: "POST", target: "/keys/n/incr?delta=3", body: "", status: 200, text: #"{"key":"n","value":"8"}"#
    ),
    Step(method: "POST", target: "/keys/n/decr", body: "", status: 200, text: #"{"key":"n","value":"7"}"#),
    Step(method: "POST", target: "/keys/n/touch?ttl=100", body: "", status: 204),
    Step(method: "POST", target: "/keys/nobody/touch?ttl=100", body: "", status: 404),
    Step(method: "GET", target: "/keys/n", headers: asText, status: 200, text: "7"),
    Step(method: "DELETE", target: "/keys/k", status: 204),
    Step(method: "DELETE", target: "/keys/k", status: 404),
    Step(method: "GET", target: "/keys/kept", headers: asText, status: 200, text: "kept"),
  ]

  static func walk(_ address: String) throws {
    for step in steps {
      let response = try http(address, step.method, step.target, headers: step.headers, body: step.body)
      let what = "\(step.method) \(step.target): \(response.head)\n\(response.text)"
      #expect(response.status == step.status, "\(what)")
      if let text = step.text { #expect(response.text == text, "\(what)") }
    }
    let many = try http(address, "GET", "/keys?key=kept&key=n&key=nobody")
    #expect(many.status == 200)
    for part in [#""value":"kept""#, #""value":"7""#, #""missing":["nobody"]"#, #""errors":[]"#] {
      #expect(many.text.contains(part), "\(many.text)")
    }
  }
}
