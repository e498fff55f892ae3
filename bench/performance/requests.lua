-- wrk's script: the requests of a file in turn, and how they were answered, as JSON.
-- wrk … -s requests.lua URL -- FILE HEADERS [each]
-- FILE has a line for each request: its path and its cookies, with a tab between. HEADERS has a
-- line "NAME: VALUE" for each header of all requests.
-- With "each", each answer is looked at: its status, and how long it took. For that every thread
-- has to have one connection only. wrk's own percentiles are of no use here: it adds waiting that
-- never was wherever some requests take much longer than others. Without "each" there is only wrk's
-- count of errors, which does not slow down large files.

local ffi = require("ffi")
ffi.cdef [[
   typedef struct { long seconds; long nanoseconds; } moment;
   int clock_gettime(int clock, moment *now);
]]
local CLOCK_MONOTONIC = 1
-- Requests of one learner.
local STRIDE = 5
local now = ffi.new("moment")

local requests, current = {}, 0
local threads = {}
local begun = 0
wrong = 0
took = {}

local function milliseconds()
   ffi.C.clock_gettime(CLOCK_MONOTONIC, now)
   return tonumber(now.seconds) * 1e3 + tonumber(now.nanoseconds) / 1e6
end

function setup(thread)
   thread:set("number", #threads)
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
   -- Each thread begins with another learner.
   current = (number * STRIDE) % #requests
   if arguments[3] == "each" then
      response = function(status)
         table.insert(took, milliseconds() - begun)
         if status ~= 200 then wrong = wrong + 1 end
      end
   end
end

function request()
   current = current % #requests + 1
   begun = milliseconds()
   return requests[current]
end

local function percentile(sorted, share)
   return sorted[math.max(1, math.ceil(#sorted * share))] or 0
end

function done(summary)
   local errors = summary.errors
   local unexpected, all = 0, {}
   for _, thread in ipairs(threads) do
      unexpected = unexpected + thread:get("wrong")
      for _, each in ipairs(thread:get("took")) do
         table.insert(all, each)
      end
   end
   table.sort(all)
   io.write(string.format(
      '{"answers": %d, "bytes": %d, "microseconds": %d, "p50": %f, "p95": %f, ' ..
      '"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\n',
      summary.requests, summary.bytes, summary.duration,
      percentile(all, 0.50), percentile(all, 0.95),
      errors.connect, errors.read, errors.write, errors.timeout,
      math.max(errors.status, unexpected)
   ))
end
