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
  targets: [
    .systemLibrary(name: "CLinux"),
    .target(name: "Reactor", dependencies: ["CLinux"]),
    .testTarget(name: "ReactorTests", dependencies: ["Reactor"]),
  ]
)
