-- SPDX-License-Identifier: Apache-2.0
-- SPDX-FileCopyrightText: The Crossfade authors
--
-- Random keys out of `keys`, one kind of request. Arguments after `--` of wrk's command line:
--   METHOD PATH_WITH_{key} KEYS BODY [HEADER VALUE]...
-- A path may have {key} many times: each is then another key.
-- All requests are built before the load starts: building one costs wrk more than sending it.
local requests = {}

function init(arguments)
  local method, path, keys, body = arguments[1], arguments[2], tonumber(arguments[3]), arguments[4]
  local headers = {}
  for i = 5, #arguments, 2 do headers[arguments[i]] = arguments[i + 1] end
  if body == "" then body = nil end
  for i = 1, keys do
    local number = i - 1
    local target = path:gsub("{key}", function()
      local key = "key:" .. number
      number = (number + 97) % keys
      return key
    end)
    requests[i] = wrk.format(method, target, headers, body)
  end
  math.randomseed(1)
end

function request()
  return requests[math.random(#requests)]
end

-- One line for the caller: what was answered, and everything that went wrong.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("result requests=%d microseconds=%d bad_status=%d errors=%d p50=%d p99=%d\n",
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
