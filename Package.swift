// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import PackageDescription

// Arrows are the only imports allowed (Tests/ArchitectureTests holds the proof):
//
//   crossfade ─► Gateway ─► Microhttpd ─► CMicrohttpd
//                  │            └────► Reactor ─► CLinux
//                  ├────► Memcached ──► Reactor, GnuTLS
//                  └────► GnuTLS ─► CGnuTLS, Reactor
//   MemcachedTesting ─► Memcached, Reactor
let package = Package(
  name: "crossfade",
  products: [
    .executable(name: "crossfade", targets: ["crossfade"]),
    .library(name: "Memcached", targets: ["Memcached"]),
    .library(name: "MemcachedTesting", targets: ["MemcachedTesting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.11.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(
      name: "CMicrohttpd", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
    // libmicrohttpd-dev of Debian brings it along; named, since others build without it.
    .systemLibrary(name: "CGnuTLS", pkgConfig: "gnutls", providers: [.apt(["libgnutls28-dev"])]),
    .target(name: "Reactor", dependencies: ["CLinux"]),
    .target(name: "GnuTLS", dependencies: ["CGnuTLS", "Reactor"]),
    .target(
      name: "Memcached",
      dependencies: ["GnuTLS", "Reactor", .product(name: "DequeModule", package: "swift-collections")]),
    .target(name: "Microhttpd", dependencies: ["CMicrohttpd", "Reactor"]),
    .target(
      name: "Gateway",
      dependencies: [
        "GnuTLS", "Memcached", "Microhttpd", "Reactor",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]),
    .executableTarget(
      name: "crossfade",
      dependencies: [
        "Gateway",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(name: "MemcachedTesting", dependencies: ["Memcached", "Reactor"]),
    .testTarget(name: "ReactorTests", dependencies: ["Reactor"]),
    .testTarget(name: "GnuTLSTests", dependencies: ["GnuTLS", "MemcachedTesting", "Reactor"]),
    .testTarget(
      name: "MemcachedTests", dependencies: ["GnuTLS", "Memcached", "MemcachedTesting", "Reactor"]),
    .testTarget(name: "MicrohttpdTests", dependencies: ["Microhttpd", "Reactor"]),
    .testTarget(
      name: "GatewayTests",
      dependencies: ["Gateway", "Memcached", "MemcachedTesting", "Microhttpd", "Reactor"]),
    .testTarget(name: "ArchitectureTests"),
    .testTarget(
      name: "IntegrationTests", dependencies: ["Memcached", "MemcachedTesting", "Reactor"],
      exclude: [
        "Differential/pymemcache_peer.py", "Distributions/distribution_peer.py",
        "Observability/metrics_reader.py", "Observability/alerts_test.yaml",
      ]),
  ]
)
