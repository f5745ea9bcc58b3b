// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// The time of day as `Date` has it (RFC 9110 §5.6.7), worked out once a second.
struct HTTPDate {
  /// `Sun, 06 Nov 1994 08:49:37 GMT` always has this many bytes.
  static let length = 29

  private var text: [UInt8] = []
  private var validUntil = Instant(nanoseconds: .min)

  /// Brings it up to the second. `now` is the monotonic time, which says when the text is out of date
  /// without asking the clock again.
  mutating func update(now: Instant) {
    if now < validUntil { return }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    validUntil = now + .nanoseconds(1_000_000_000 - Int64(time.tv_nsec))
    text = HTTPDate.text(unixTime: time.tv_sec)
  }

  func copy(to target: UnsafeMutablePointer<UInt8>) {
    precondition(text.count == HTTPDate.length, "a date is brought up to the second before it is used")
    text.withUnsafeBufferPointer { target.update(from: $0.baseAddress!, count: HTTPDate.length) }
  }

  static func text(unixTime: time_t) -> [UInt8] {
    var unixTime = unixTime
    var parts = tm()
    gmtime_r(&unixTime, &parts)
    let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(parts.tm_wday)]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func pair(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
    let date = "\(day), \(pair(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
    return Array("\(date) \(pair(parts.tm_hour)):\(pair(parts.tm_min)):\(pair(parts.tm_sec)) GMT".utf8)
  }
}
