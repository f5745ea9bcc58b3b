// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Testing

@testable import Gateway

@Suite struct AdminTests {
  // MARK: Health

  @Test("live is live, whatever the tiers do", arguments: [false, true])
  func live(_ isAdmin: Bool) throws {
    let service = try Service()
    service.new.status.state = .ejected
    service.context.isDraining = { true }
    let response = try service.send(.get, "/livez", to: isAdmin ? service.admin : service.data)
    #expect(response.status == 200)
    #expect(try response.json() == ["status": "live"])
  }

  @Test(
    "ready is not draining and a primary that is up, whatever older tiers do",
    arguments: [
      (.up, .up, false, 200), (.up, .ejected, false, 200), (.ejected, .up, false, 503),
      (.suspect, .up, false, 200), (.probing, .up, false, 503), (.connecting, .up, false, 503),
      (.closed, .up, false, 503), (.up, .up, true, 503),
    ] as [(NodeStatus.State, NodeStatus.State, Bool, Int)])
  func ready(_ new: NodeStatus.State, _ old: NodeStatus.State, _ isDraining: Bool, _ status: Int) throws {
    let service = try Service()
    service.new.status.state = new
    service.old.status.state = old
    service.context.isDraining = { isDraining }
    for listener in [service.data, service.admin] {
      let response = try service.send(.get, "/readyz", to: listener)
      #expect(response.status == status)
      if status == 200 {
        #expect(try response.json() == ["status": "ready"])
      } else {
        #expect(try response.problem() == "503 not-ready")
        #expect(response.field("Retry-After") == "1")
      }
    }
  }

  @Test("who is not ready says why")
  func why() throws {
    let service = try Service()
    service.new.status = NodeStatus(state: .ejected, lastError: MemcachedError(.connectFailed, "refused"))
    let body = try service.send(.get, "/readyz").json()
    #expect(body["tier"] == "new")
    #expect(body["detail"] == "new:11211 is ejected (refused)")
    service.context.isDraining = { true }
    #expect(try service.send(.get, "/readyz").json()["detail"] == "the gateway is draining")
  }

  @Test("a primary in this process is always reachable")
  func memory() throws {
    let service = try Service()
    service.new.status = NodeStatus(state: .connecting, wireProtocol: .memory)
    #expect(try service.send(.get, "/readyz").status == 200)
  }

  @Test("probes may ask for text, and are never told 406")
  func probes() throws {
    let service = try Service()
    #expect(try service.send(.get, "/readyz", [("Accept", "text/plain")]).text == "ready\n")
    #expect(try service.send(.get, "/livez", [("Accept", "image/png")]).status == 200)
    #expect(try service.send(.head, "/livez").status == 200)
  }

  // MARK: Statistics

  @Test("statistics are per tier and node, an error in the place of those that failed")
  func statistics() throws {
    let service = try Service()
    service.new.status.inFlight = 3
    service.new.put("a", "v")
    service.old.status = NodeStatus(state: .ejected)
    service.old.failure = MemcachedError(.down, "refused")
    let response = try service.send(.get, "/stats", to: service.admin)
    #expect(
      try response.json() == [
        "backfill": [
          "stored": 0, "exists": 0, "too_large": 0, "expired": 0, "suppressed": 0, "collapsed": 0,
          "limited": 0, "failed": 0,
        ],
        "tiers": [
          [
            "name": "new", "owed_invalidations": 0, "overflowed_invalidations": 0, "served": true,
            "nodes": [
              [
                "name": "new:11211", "state": "up", "protocol": "meta", "version": "1.6.18", "in_flight": 3,
                "stats": ["curr_items": "1"],
              ]
            ],
          ],
          [
            "name": "old", "owed_invalidations": 0, "overflowed_invalidations": 0, "served": true,
            "nodes": [
              ["name": "old:11211", "state": "ejected", "in_flight": 0, "error": "old:11211: refused"]
            ],
          ],
        ],
      ])
  }

  @Test("statistics of named tiers, and 404 for a tier that is not there")
  func statisticsOfTier() throws {
    let service = try Service()
    let body = try service.send(.get, "/stats?tier=old", to: service.admin).json()
    #expect(body["tiers"]?.count == 1)
    #expect(body["tiers"]?[0]?["name"] == "old")
    #expect(service.new.commands.isEmpty)
    let unknown = try service.send(.get, "/stats?tier=old&tier=none", to: service.admin)
    #expect(try unknown.problem() == "404 no-such-tier")
    #expect(try unknown.json()["detail"] == "there is no tier `none`; the tiers are new, old")
  }

  @Test("statistics as text are aligned, a line a fact")
  func statisticsAsText() throws {
    let service = try Service()
    let response = try service.send(.get, "/stats?tier=new", [("Accept", "text/plain")], to: service.admin)
    #expect(
      response.text == """
        -    -          backfill_stored           0
        -    -          backfill_exists           0
        -    -          backfill_too_large        0
        -    -          backfill_expired          0
        -    -          backfill_suppressed       0
        -    -          backfill_collapsed        0
        -    -          backfill_limited          0
        -    -          backfill_failed           0
        new  -          owed_invalidations        0
        new  -          overflowed_invalidations  0
        new  -          served                    true
        new  new:11211  state                     up
        new  new:11211  protocol                  meta
        new  new:11211  in_flight                 0
        new  new:11211  curr_items                0

        """)
    #expect(response.field("Content-Type") == "text/plain")
  }

  @Test("the counts of backfill are those of all workers together")
  func backfillCounts() throws {
    let service = try Service()
    service.old.put("a", "v")
    #expect(try service.send(.get, "/keys/a").status == 200)
    service.context.collectBackfillCounts = { [client = service.context.client] completion in
      var other = BackfillCounts()
      (other.stored, other.exists, other.tooLarge, other.expired) = (1, 2, 3, 4)
      (other.suppressed, other.collapsed, other.limited, other.failed) = (5, 6, 7, 8)
      completion([client.backfillCounts, other])
    }
    #expect(
      try service.send(.get, "/stats", to: service.admin).json()["backfill"] == [
        "stored": 2, "exists": 2, "too_large": 3, "expired": 4, "suppressed": 5, "collapsed": 6,
        "limited": 7, "failed": 8,
      ])
  }

  // MARK: Tiers

  private static func service() throws -> Service {
    let service = try Service {
      $0.tiers[0].distribution = .rendezvous
      $0.tiers[1].wireProtocol = .classic
    }
    let error = MemcachedError(.connectFailed, "refused", node: "old:11211")
    service.old.status = NodeStatus(state: .ejected, lastError: error)
    // Another worker, which still has its connection to the old one.
    let own = [[service.new.status], [service.old.status]]
    var up = NodeStatus(state: .up, wireProtocol: .classic, version: "1.4.25")
    up.inFlight = 2
    let other = [[NodeStatus(state: .suspect, inFlight: 3)], [up]]
    service.context.collectNodeStatuses = { $0([own, other]) }
    return service
  }

  @Test("the tiers are listed in order, their nodes as the worst-off worker sees them, and nobody is asked")
  func tiers() throws {
    let service = try Self.service()
    #expect(
      try service.send(.get, "/tiers", to: service.admin).json() == [
        "tiers": [
          [
            "name": "new", "role": "primary", "mode": "serving", "distribution": "rendezvous",
            "protocol": "auto",
            "nodes": [
              [
                "name": "new:11211", "state": "suspect", "protocol": "meta", "version": "1.6.18",
                "in_flight": 3,
              ]
            ],
          ],
          [
            "name": "old", "role": "older", "mode": "serving", "distribution": "ketama",
            "protocol": "classic",
            "nodes": [
              [
                "name": "old:11211", "state": "ejected", "protocol": "classic", "version": "1.4.25",
                "in_flight": 2, "error": "refused",
              ]
            ],
          ],
        ]
      ])
    #expect(service.new.commands.isEmpty && service.old.commands.isEmpty)
    #expect(try service.send(.get, "/tiers").problem() == "404 no-such-route")
    #expect(try service.send(.get, "/tiers?tier=new", to: service.admin).problem() == "400 invalid-query")
  }

  @Test("the tiers as text are a table")
  func tiersAsText() throws {
    let service = try Self.service()
    let response = try service.send(.get, "/tiers", [("Accept", "text/plain")], to: service.admin)
    #expect(
      response.text == """
        tier  role     distribution  protocol  mode     node       state    speaks   version  in_flight  error
        new   primary  rendezvous    auto      serving  new:11211  suspect  meta     1.6.18   3          -
        old   older    ketama        classic   serving  old:11211  ejected  classic  1.4.25   2          refused

        """)
  }

  // MARK: Flush

  @Test("flush empties the tiers that it names and no others")
  func flush() throws {
    let service = try Service()
    for node in [service.new, service.old] { node.put("a", "v") }
    let response = try service.send(.post, "/flush?tier=old&delay=5", to: service.admin)
    #expect(response.status == 200)
    #expect(
      try response.json() == [
        "tiers": [["tier": "old", "node": "old:11211", "outcome": "applied"]]
      ])
    #expect(service.old.commands == [Command(.flushAll(delaySeconds: 5))])
    #expect(service.new.text("a") == "v")
    let both = try service.send(
      .post, "/flush?tier=old&tier=new", [("Accept", "text/plain")], to: service.admin)
    #expect(both.text == "new  new:11211  flushed\nold  old:11211  flushed\n")
    #expect(service.new.items.isEmpty)
  }

  @Test(
    "a flush that does not say what it means does nothing",
    arguments: [
      ("/flush", "400 invalid-query"), ("/flush?delay=1", "400 invalid-query"),
      ("/flush?tier=new&delay=-1", "400 invalid-query"),
      ("/flush?tier=new&delay=2592001", "400 invalid-query"),
      ("/flush?tier=new&delay=1&delay=2", "400 invalid-query"), ("/flush?tier=", "404 no-such-tier"),
      ("/flush?tier=new&tier=none", "404 no-such-tier"), ("/flush?tiers=new", "400 invalid-query"),
    ])
  func refusedFlush(_ target: String, _ expected: String) throws {
    let service = try Service()
    #expect(try service.send(.post, target, to: service.admin).problem() == expected)
    #expect(service.new.commands.isEmpty)
  }

  @Test("a flush that failed on a node lists them all")
  func failedFlush() throws {
    let service = try Service()
    service.old.failure = MemcachedError(.connectionLost, "reset", outcome: .unknown)
    let response = try service.send(.post, "/flush?tier=new&tier=old", to: service.admin)
    #expect(try response.problem() == "503 connection-lost")
    let body = try response.json()
    #expect(body["node"] == "old:11211")
    #expect(body["tier"] == "old")
    #expect(body["outcome"] == "unknown")
    #expect(
      body["tiers"] == [
        ["tier": "new", "node": "new:11211", "outcome": "applied"],
        ["tier": "old", "node": "old:11211", "outcome": "unknown", "detail": "reset"],
      ])
  }

  // MARK: About

  @Test("the version is told as JSON and as text")
  func version() throws {
    let service = try Service()
    #expect(try service.send(.get, "/version", to: service.admin).json() == ["version": "0.1.0"])
    let text = try service.send(.get, "/version", [("Accept", "text/plain")], to: service.admin)
    #expect(text.text == "crossfade 0.1.0\n")
  }
}
