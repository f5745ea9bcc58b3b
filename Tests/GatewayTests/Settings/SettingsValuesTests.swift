// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Gateway

/// A value of a setting and what check-config says of it: a text when it is good, a part of the fault's
/// reason when it is bad.
struct ValueRow: Sendable, CustomTestStringConvertible {
  let name: SettingName
  let value: String
  let expected: String

  init(_ name: SettingName, _ value: String, _ expected: String) {
    self.name = name
    self.value = value
    self.expected = expected
  }

  var testDescription: String { "\(name.flag) \(value)" }
}

@Suite struct SettingsValuesTests {
  static let good: [ValueRow] = [
    .init(.listen, "127.0.0.1:8080", "127.0.0.1:8080"),
    .init(.listen, "127.0.0.1:0", "127.0.0.1:0"),
    .init(.listen, "127.9.9.9:65535", "127.9.9.9:65535"),
    .init(.listen, "localhost:80", "localhost:80"),
    .init(.listen, "LocalHost:80", "LocalHost:80"),
    .init(.listen, "[::1]:80", "[::1]:80"),
    .init(.listen, "unix:/run/crossfade.sock", "unix:/run/crossfade.sock"),
    .init(.listen, "unix:with:colon", "unix:with:colon"),
    .init(.admin, "off", "off"),
    .init(.admin, "[::1]:0", "[::1]:0"),
    .init(.admin, "unix:admin.sock", "unix:admin.sock"),
    .init(.tier, "new=a:11211", "new=a:11211"),
    .init(.tier, "new=a", "new=a:11211"),
    .init(.tier, "new=10.0.0.7:1", "new=10.0.0.7:1"),
    .init(.tier, "a_b-9=cache.example.org:65535", "a_b-9=cache.example.org:65535"),
    .init(.tier, "new=[::1]", "new=[::1]:11211"),
    .init(.tier, "new=[2001:db8::7]:99", "new=[2001:db8::7]:99"),
    .init(.tier, "new=unix:/run/memcached.sock", "new=unix:/run/memcached.sock"),
    .init(.tier, "new=unix:/run/a=b.sock", "new=unix:/run/a=b.sock"),
    .init(.tier, "m=memory:64MiB", "m=memory:64MiB"),
    .init(.tier, "m=memory:1048576", "m=memory:1MiB"),
    .init(.tier, "m=memory:1024KiB", "m=memory:1MiB"),
    .init(.tier, "m=memory:1TiB", "m=memory:1048576MiB"),
    .init(.policy, "strict", "strict"),
    .init(.policy, "pymemcache", "pymemcache"),
    .init(.backfillItems, "0", "0"),
    .init(.backfillItems, "1000000000", "1000000000"),
    .init(.backfillBytes, "0", "0"),
    .init(.backfillBytes, "10MiB", "10MiB"),
    .init(.backfillBytes, "1TiB", "1TiB"),
    .init(.backfillMaximumSize, "64KiB", "64KiB"),
    .init(.backfillMinimumTTL, "0s", "0s"),
    .init(.backfillMinimumTTL, "60s", "1m"),
    .init(.backfillAssumedTTL, "1s", "1s"),
    .init(.backfillAssumedTTL, "720h", "720h"),
    .init(.backfillSuppression, "2s", "2s"),
    .init(.backfillSuppression, "1h", "1h"),
    .init(.maximumOwed, "1", "1"),
    .init(.maximumOwed, "10000000", "10000000"),
    .init(.migrationWindow, "1s", "1s"),
    .init(.migrationWindow, "24h", "24h"),
    .init(.migrationMaximumOlderHits, "0%", "0%"),
    .init(.migrationMaximumOlderHits, "0.25%", "0.25%"),
    .init(.migrationMaximumOlderHits, "0.0001%", "0.0001%"),
    .init(.migrationMaximumOlderHits, "12.50%", "12.5%"),
    .init(.migrationMaximumOlderHits, "100.0%", "100%"),
    .init(.migrationMinimumReads, "1", "1"),
    .init(.migrationMinimumReads, "1000000000", "1000000000"),
    .init(.wireProtocol, "primary=auto", "primary=auto"),
    .init(.wireProtocol, "primary=classic", "primary=classic"),
    .init(.wireProtocol, "primary=meta", "primary=meta"),
    .init(.wireProtocol, "primary=proxy", "primary=proxy"),
    .init(.weights, "primary=1", "primary=1"),
    .init(.weights, "primary=65535", "primary=65535"),
    .init(.labels, "primary=cache-a", "primary=cache-a"),
    .init(.tls, "primary=off", "primary=off"),
    .init(.workers, "1", "1"),
    .init(.workers, "256", "256"),
    .init(.workers, "007", "7"),
    .init(.insecure, "true", "true"),
    .init(.insecure, "on", "true"),
    .init(.insecure, "1", "true"),
    .init(.insecure, "no", "false"),
    .init(.maximumValueSize, "1", "1"),
    .init(.maximumValueSize, "128MiB", "128MiB"),
    .init(.maximumValueSize, "1MB", "1000000"),
    .init(.maximumValueSize, "512kB", "500KiB"),
    .init(.maximumValueSize, "100B", "100"),
    .init(.maximumKeys, "100000", "100000"),
    .init(.maximumBatchSize, "64KiB", "64KiB"),
    .init(.maximumBatchSize, "1024MiB", "1GiB"),
    .init(.operationTimeout, "1ms", "1ms"),
    .init(.operationTimeout, "1000ms", "1s"),
    .init(.operationTimeout, "600s", "10m"),
    .init(.nodeTimeout, "999ms", "999ms"),
    .init(.nodeTimeout, "1s", "1s"),
    .init(.ejectAfter, "1", "1"),
    .init(.ejectAfter, "1000", "1000"),
    .init(.connectTimeout, "10m", "10m"),
    .init(.maximumConnections, "1000000", "1000000"),
    .init(.idleTimeout, "0s", "0s"),
    .init(.idleTimeout, "24h", "24h"),
    .init(.idleTimeout, "2000ms", "2s"),
    .init(.idleTimeout, "1500ms", "1500ms"),
    .init(.drainTimeout, "0ms", "0s"),
    .init(.drainTimeout, "60m", "1h"),
    .init(.logLevel, "trace", "trace"),
    .init(.logLevel, "critical", "critical"),
    .init(.logFormat, "json", "json"),
    .init(.accessLog, "sampled", "sampled"),
    .init(.accessLogSample, "1", "1"),
    .init(.accessLogSample, "1000000000", "1000000000"),
    .init(.slowLog, "0s", "0s"),
    .init(.slowLog, "10m", "10m"),
    .init(.logKeys, "on", "on"),
  ]

  static let bad: [ValueRow] = [
    .init(.listen, "", "empty host"),
    .init(.listen, "8080", "no port"),
    .init(.listen, "127.0.0.1", "no port"),
    .init(.listen, ":8080", "empty host"),
    .init(.listen, "127.0.0.1:", "bad port"),
    .init(.listen, "127.0.0.1:65536", "bad port"),
    .init(.listen, "127.0.0.1:-1", "bad port"),
    .init(.listen, "127.0.0.1:+80", "bad port"),
    .init(.listen, "127.0.0.1:80a", "bad port"),
    .init(.listen, "127.0.0.1:٨٠", "bad port"),
    .init(.listen, "::1:80", "brackets"),
    .init(.listen, "[::1:80", "no closing bracket"),
    .init(.listen, "[::1]80", "after the bracket"),
    .init(.listen, "[localhost]:80", "no IPv6 address"),
    .init(.listen, "[127.0.0.1]:80", "no IPv6 address"),
    .init(.listen, "local host:80", "no host name"),
    .init(.listen, "http://localhost:80", "brackets"),
    .init(.listen, "unix:", "empty path"),
    .init(.listen, "unix:" + String(repeating: "x", count: 108), "107 bytes"),
    .init(.listen, "off", "no port"),
    .init(.listen, "0.0.0.0:80", "--insecure"),
    .init(.listen, "[::]:80", "--insecure"),
    .init(.listen, "10.0.0.7:80", "--insecure"),
    .init(.listen, "gateway.example.org:80", "--insecure"),
    .init(.listen, "127.0.0.1.example.org:80", "--insecure"),
    .init(.listen, "[::ffff:10.0.0.7]:80", "--insecure"),
    .init(.admin, "OFF", "no port"),
    .init(.admin, "0.0.0.0:80", "--insecure"),
    .init(.tier, "", "no \"=\""),
    .init(.tier, "a:11211", "no \"=\""),
    .init(.tier, "=a", "no tier's name"),
    .init(.tier, "9new=a", "no tier's name"),
    .init(.tier, "né=a", "no tier's name"),
    .init(.tier, "a b=a", "no tier's name"),
    .init(.tier, String(repeating: "t", count: 65) + "=a", "no tier's name"),
    .init(.tier, "new=", "empty host"),
    .init(.tier, "new=:11211", "empty host"),
    .init(.tier, "new=a:0", "bad port"),
    .init(.tier, "new=a:70000", "bad port"),
    .init(.tier, "new=a:", "bad port"),
    .init(.tier, "new=a,", "empty host"),
    .init(.distribution, "primary=consistent", "no such choice"),
    .init(.distribution, "other=ketama", "no tier is called"),
    .init(.tier, "new=a,a:11211", "same node twice"),
    .init(.tier, "new=memory:2MiB,a", "exactly one node"),
    .init(.tier, "new=memory:", "not a whole number"),
    .init(.tier, "new=memory:1023KiB", "too small"),
    .init(.tier, "new=memory:17TiB", "too large"),
    .init(.tier, "new=memory:64M", "unknown unit"),
    .init(.tier, "new=::1", "brackets"),
    .init(.tier, "new=unix:", "empty path"),
    .init(.policy, "Strict", "no such choice"),
    .init(.policy, "", "no such choice"),
    .init(.policy, "newest", "no such choice"),
    .init(.backfillItems, "-1", "not a whole number"),
    .init(.backfillItems, "1000000001", "too large"),
    .init(.backfillBytes, "2TiB", "too large"),
    .init(.backfillMaximumSize, "0", "too small"),
    .init(.backfillMaximumSize, "129MiB", "too large"),
    .init(.backfillMinimumTTL, "1500ms", "not in whole seconds"),
    .init(.backfillMinimumTTL, "721h", "too large"),
    .init(.backfillAssumedTTL, "0s", "a copy that never expires would outlive its original"),
    .init(.backfillAssumedTTL, "300", "no unit"),
    .init(.backfillAssumedTTL, "999ms", "not in whole seconds"),
    .init(.backfillAssumedTTL, "721h", "too large"),
    .init(.backfillSuppression, "1999ms", "shorter than 2s, twice what a write may take"),
    .init(.backfillSuppression, "0s", "too small"),
    .init(.backfillSuppression, "2h", "too large"),
    .init(.maximumOwed, "0", "too small"),
    .init(.maximumOwed, "10000001", "too large"),
    .init(.migrationWindow, "999ms", "too small"),
    .init(.migrationWindow, "25h", "too large"),
    .init(.migrationMaximumOlderHits, "1", "no percentage"),
    .init(.migrationMaximumOlderHits, "%", "not a whole number"),
    .init(.migrationMaximumOlderHits, "1.%", "not a whole number"),
    .init(.migrationMaximumOlderHits, ".5%", "not a whole number"),
    .init(.migrationMaximumOlderHits, "-1%", "not a whole number"),
    .init(.migrationMaximumOlderHits, "0.00001%", "more than four decimals"),
    .init(.migrationMaximumOlderHits, "0.5x%", "not a whole number"),
    .init(.migrationMaximumOlderHits, "100.0001%", "too large"),
    .init(.migrationMaximumOlderHits, "9223372036854775807%", "too large"),
    .init(.migrationMinimumReads, "0", "too small"),
    .init(.migrationMinimumReads, "1000000001", "too large"),
    .init(.wireProtocol, "meta", "no \"=\""),
    .init(.wireProtocol, "primary=binary", "no such choice"),
    .init(.wireProtocol, "older=meta", "no tier is called"),
    .init(.weights, "primary=0", "too small"),
    .init(.weights, "primary=65536", "too large"),
    .init(.weights, "primary=x", "not a whole number"),
    .init(.weights, "primary=", "not a whole number"),
    .init(.weights, "primary=1,2", "2 for a tier of 1 nodes"),
    .init(.weights, "other=1", "no tier is called"),
    .init(.labels, "primary=", "an empty name"),
    .init(.labels, "primary=a,", "an empty name"),
    .init(.labels, "primary=a b", "has a space"),
    .init(.labels, "primary=a,b", "2 for a tier of 1 nodes"),
    .init(.tls, "primary=yes", "no such choice"),
    .init(.tls, "primary=on", "not reached over a network"),
    .init(.tlsAuthorities, "primary=", "empty path"),
    .init(.tlsAuthorities, "primary=/a.pem", "this tier has no TLS"),
    .init(.tlsCertificate, "primary=/a.pem", "this tier has no TLS"),
    .init(.tlsKey, "primary=/a.pem", "this tier has no TLS"),
    .init(.credentials, "primary=", "empty path"),
    .init(.credentials, "older=/a", "no tier is called"),
    .init(.workers, "0", "too small"),
    .init(.workers, "257", "too large"),
    .init(.workers, "two", "not a whole number"),
    .init(.workers, "1.5", "not a whole number"),
    .init(.workers, "+1", "not a whole number"),
    .init(.workers, "99999999999999999999", "too large"),
    .init(.insecure, "maybe", "neither true nor false"),
    .init(.maximumValueSize, "0", "too small"),
    .init(.maximumValueSize, "129MiB", "too large"),
    .init(.maximumValueSize, "9223372036854775807KiB", "too large"),
    .init(.maximumValueSize, "1mib", "unknown unit"),
    .init(.maximumValueSize, "1 MiB", "unknown unit"),
    .init(.maximumValueSize, "1.5MiB", "unknown unit"),
    .init(.maximumValueSize, "MiB", "not a whole number"),
    .init(.maximumKeys, "0", "too small"),
    .init(.maximumKeys, "100001", "too large"),
    .init(.maximumBatchSize, "65535", "too small"),
    .init(.maximumBatchSize, "1025MiB", "too large"),
    .init(.operationTimeout, "0ms", "too small"),
    .init(.operationTimeout, "11m", "too large"),
    .init(.operationTimeout, "5", "no unit"),
    .init(.operationTimeout, "5us", "unknown unit"),
    .init(.operationTimeout, "-5s", "not a whole number"),
    .init(.operationTimeout, "9223372036854775807h", "too large"),
    .init(.nodeTimeout, "1001ms", "longer than the operation timeout of 1s"),
    .init(.ejectAfter, "0", "too small"),
    .init(.ejectAfter, "1001", "too large"),
    .init(.connectTimeout, "fast", "not a whole number"),
    .init(.maximumConnections, "0", "too small"),
    .init(.maximumConnections, "1000001", "too large"),
    .init(.idleTimeout, "25h", "too large"),
    .init(.drainTimeout, "2h", "too large"),
    .init(.logLevel, "verbose", "no such choice"),
    .init(.logFormat, "xml", "no such choice"),
    .init(.accessLog, "some", "no such choice"),
    .init(.accessLogSample, "0", "too small"),
    .init(.slowLog, "11m", "too large"),
    .init(.logKeys, "maybe", "neither true nor false"),
  ]

  @Test("a good value is taken and printed in its plain form", arguments: good)
  func aGoodValueIsTakenAndPrintedInItsPlainForm(_ row: ValueRow) throws {
    let settings = try Settings.resolve(flags: [row.name: [row.value]])
    #expect(settings.texts(of: row.name) == [row.expected])
  }

  @Test("what is printed can be given again", arguments: good) func whatIsPrintedCanBeGivenAgain(
    _ row: ValueRow
  ) throws {
    let once = try Settings.resolve(flags: [row.name: [row.value]])
    #expect(try Settings.resolve(flags: [row.name: once.texts(of: row.name)]) == once)
  }

  @Test("a bad value is one fault that names flag, variable, value and what is allowed", arguments: bad)
  func aBadValueIsOneFaultThatNamesFlagVariableValueAndWhatIsAllowe(
    _ row: ValueRow
  ) throws {
    let error = try #require(throws: SettingsError.self) {
      _ = try Settings.resolve(flags: [row.name: [row.value]])
    }
    let description = SettingDescription.of(row.name)
    let fault = try #require(error.faults.first).description
    #expect(error.faults.count == 1, "\(error)")
    #expect(fault.hasPrefix("\(description.flag) (\(description.variable)) \(quoted(row.value)): "))
    #expect(fault.contains(row.expected), "\(fault)")
    #expect(fault.hasSuffix("allowed: \(description.allowed)"))
  }

  @Test(
    "any address can be listened on with insecure",
    arguments: ["0.0.0.0:80", "[::]:80", "10.0.0.7:80", "gateway.example.org:80"])
  func anyAddressCanBeListenedOnWithInsecure(_ address: String) throws {
    let flags: [SettingName: [String]] = [.listen: [address], .admin: ["off"], .insecure: ["true"]]
    #expect(try Settings.resolve(flags: flags).listen.map(\.description) == [address])
  }
}
