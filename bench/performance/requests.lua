-- wrk's script: the requests of a file in turn, and how they were answered, as JSON.
-- wrk … -s requests.lua URL -- FILE HEADERS [each]
-- FILE has a line for each request: its path and its cookies, with a tab between. HEADERS has a
-- line "NAME: VALUE" for each header of all requests. With "each", each answer's status is looked
-- at; without it only wrk's own count of errors, which does not slow down large files.

local requests, current = {}, 0
local threads = {}
wrong = 0

function setup(thread)
   table.insert(threads, thread)
end

function init(arguments)
   local headers = {}
   for line in io.lines(arguments[2]) do
      local name, value = line:match("^([^:]+): (.*)$")
      headers[name] = value
   end
   for line in io.lines(arguments[1]) do
      local path, cookies = line:match("^(%S+)\t(.*)$")
      headers["Cookie"] = cookies
      table.insert(requests, wrk.format("GET", path, headers))
   end
   if arguments[3] == "each" then
      response = function(status)
         if status ~= 200 then wrong = wrong + 1 end
      end
   end
end

function request()
   current = current % #requests + 1
   return requests[current]
end

function done(summary, latency)
   local errors = summary.errors
   local unexpected = 0
   for _, thread in ipairs(threads) do
      unexpected = unexpected + thread:get("wrong")
   end
   io.write(string.format(
      '{"answers": %d, "bytes": %d, "microseconds": %d, "p50": %d, "p95": %d, ' ..
      '"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\n',
      summary.requests, summary.bytes, summary.duration,
      latency:percentile(50), latency:percentile(95),
      errors.connect, errors.read, errors.write, errors.timeout,
      math.max(errors.status, unexpected)
   ))
end
