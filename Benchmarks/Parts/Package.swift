// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import PackageDescription

// A package of its own: who builds the gateway need not build what measures its parts.
let package = Package(
  name: "parts",
  dependencies: [.package(name: "crossfade", path: "../..")],
  targets: [
    .executableTarget(name: "parts", dependencies: [.product(name: "Memcached", package: "crossfade")])
  ]
)
