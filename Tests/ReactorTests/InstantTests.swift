// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@Suite struct InstantTests {
  @Test("the clock does not go back") func theClockDoesNotGoBack() {
    var last = Instant.current()
    for _ in 0..<1_000 {
      let next = Instant.current()
      #expect(last <= next)
      last = next
    }
  }

  @Test("adding and subtracting durations are inverse") func addingAndSubtractingDurationsAreInverse() {
    let start = Instant(nanoseconds: 1_500_000_000)
    let end = start + .milliseconds(250)
    #expect(end.nanoseconds == 1_750_000_000)
    #expect(end - start == .milliseconds(250))
    #expect(start - end == .milliseconds(-250))
  }

  @Test("sums and differences stop at the ends instead of trapping")
  func sumsAndDifferencesStopAtTheEndsInsteadOfTrapping() {
    let now = Instant(nanoseconds: 5)
    #expect(.distantFuture + .seconds(1) == .distantFuture)
    #expect(now + .seconds(Int64.max) == .distantFuture)
    #expect(Instant(nanoseconds: .min) + .seconds(-1) == Instant(nanoseconds: .min))
    #expect(Instant.distantFuture - Instant(nanoseconds: -1) == .nanoseconds(Int64.max))
    #expect(Instant(nanoseconds: .min) - now == .nanoseconds(Int64.min))
  }

  @Test("a duration in nanoseconds keeps its sign and drops the fraction")
  func aDurationInNanosecondsKeepsItsSignAndDropsTheFraction() {
    #expect(Duration.seconds(3).wholeNanoseconds == 3_000_000_000)
    #expect(Duration.milliseconds(-1_500).wholeNanoseconds == -1_500_000_000)
    #expect(Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999).wholeNanoseconds == 1)
    #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
    #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
  }
}
