-- For wrk: replays a file of ready requests in their order; whichever connection is free takes the next.
-- Arguments: the file, and `once` (each request is used once) or `round` (start again at its end).

local threads = {}
-- What a run sends when its requests did not suffice: stores nothing. Such a run is thrown away.
local FILLER = "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  records, place, used, dry, seen = {}, 0, 0, 0, false
  again = args[2] == "round"
  while true do
    local head = file:read(8)
    if not head then break end
    records[#records + 1] = file:read(tonumber(head))
  end
  file:close()
end

function request()
  if not seen then -- wrk asks for one to look at, and does not send it
    seen = true
    return records[1]
  end
  if place >= #records and again then place = 0 end
  if place >= #records then
    dry = dry + 1
    return FILLER
  end
  place, used = place + 1, used + 1
  return records[place]
end

function done(summary, latency, requests)
  local used, dry = 0, 0
  for _, thread in ipairs(threads) do
    used, dry = used + thread:get("used"), dry + thread:get("dry")
  end
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"used":%d,"dry":%d,"answered":%d,"seconds":%.6f,"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,' ..
    '"max_ms":%.3f,"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    used, dry, summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, e.connect, e.read, e.write, e.status, e.timeout))
end
