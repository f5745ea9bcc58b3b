// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd

/// `GET /version`, `GET /openapi.yaml`.
enum About {
  static func version(_ call: Call) throws(Problem) {
    let version = call.context.version
    let form = try call.negotiate([.json, .text])
    if form == .json { return call.respond(json: VersionBody(version: version)) }
    call.respond(.of(.text, Array("crossfade \(version)\n".utf8)))
  }

  static func openAPI(_ call: Call) throws(Problem) {
    call.respond(
      Response(
        status: 200,
        headers: [
          // RFC 9512.
          ("Content-Type", "application/yaml"), ("Cache-Control", "no-cache"),
          ("X-Content-Type-Options", "nosniff"),
        ], body: Array(OpenAPIDocument.text.utf8)))
  }
}
