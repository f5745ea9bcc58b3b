// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import PackageDescription

// Arrows are the only imports allowed (Tests/ArchitectureTests holds the proof):
//
//   crossfade ─► Gateway ─► Microhttpd ─► CMicrohttpd
//                  │            └────► Reactor ─► CLinux
//                  └────► Memcached ──► Reactor
//   MemcachedTesting ─► Memcached, Reactor
let package = Package(
  name: "crossfade",
  products: [
    .library(name: "Memcached", targets: ["Memcached"]),
    .library(name: "MemcachedTesting", targets: ["MemcachedTesting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(
      name: "CMicrohttpd", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
    .target(name: "Reactor", dependencies: ["CLinux"]),
    .target(
      name: "Memcached",
      dependencies: ["Reactor", .product(name: "DequeModule", package: "swift-collections")]),
    .target(name: "Microhttpd", dependencies: ["CMicrohttpd", "Reactor"]),
    .target(name: "MemcachedTesting", dependencies: ["Memcached", "Reactor"]),
    .testTarget(name: "ReactorTests", dependencies: ["Reactor"]),
    .testTarget(name: "MemcachedTests", dependencies: ["Memcached", "MemcachedTesting", "Reactor"]),
    .testTarget(name: "MicrohttpdTests", dependencies: ["Microhttpd", "Reactor"]),
  ]
)
