// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Testing

@testable import Gateway

@Suite("Metrics as text")
struct MetricsTextTests {
  @Test("a label's value may hold anything, and stays one line")
  func labels() {
    var text = MetricsText()
    text.gauge("m", "What \\ \"it\"\nis.", [MetricLabel("node", "unix:/a\"b\\c\nd")], 1)
    let expected = """
      # HELP m What \\\\ "it"\\nis.
      # TYPE m gauge
      m{node="unix:/a\\"b\\\\c\\nd"} 1

      """
    #expect(text.text == expected)
  }

  @Test("a histogram's buckets hold all that is below them, and the last one everything")
  func histogram() {
    var latency = LatencyHistogram()
    for time: UInt32 in [0, 50, 51, 700, 2_000_000] { latency.note(microseconds: time) }
    var text = MetricsText()
    text.histogram("t_seconds", "Time.", [], latency)
    let lines = text.text.split(separator: "\n")
    #expect(lines.contains("t_seconds_bucket{le=\"5e-05\"} 2"))
    #expect(lines.contains("t_seconds_bucket{le=\"0.0001\"} 3"))
    #expect(lines.contains("t_seconds_bucket{le=\"0.0005\"} 3"))
    #expect(lines.contains("t_seconds_bucket{le=\"0.001\"} 4"))
    #expect(lines.contains("t_seconds_bucket{le=\"1.0\"} 4"))
    #expect(lines.contains("t_seconds_bucket{le=\"+Inf\"} 5"))
    #expect(lines.contains("t_seconds_sum 2.000801"))
    #expect(lines.contains("t_seconds_count 5"))
  }

  @Test("each time is in the first bucket whose bound it does not exceed")
  func buckets() {
    for (index, bound) in LatencyHistogram.bounds.enumerated() {
      var (below, above) = (LatencyHistogram(), LatencyHistogram())
      below.note(microseconds: bound)
      above.note(microseconds: bound + 1)
      #expect(below.counts[index] == 1)
      #expect(above.counts[index + 1] == 1)
    }
  }

  @Test("samples of one name follow one another")
  func families() throws {
    let service = try Service()
    _ = try service.send(.get, "/keys/a")
    let text = try service.send(.get, "/metrics", to: service.admin).text
    let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
    #expect(names.count > 15)
    #expect(Set(names).count == names.count)
  }
}
