-- A script for wrk: sends the requests of a file in turn, and prints the results as JSON.
-- wrk … -s requests.lua URL -- FILE HEADERS [STRIDE [own]]
-- FILE has a line for each request: its method, address, expected status, cookies and JSON body,
-- separated by tabs. HEADERS has a line "NAME: VALUE" for each header, sent with every request.
-- STRIDE is the number of lines of one visitor. With it, the status and the time of every answer
-- are recorded, and each thread begins with a different visitor. With "own", it stays with them,
-- and begins with a different one of their lines. Each thread must then have only one connection.
-- wrk's own percentiles are useless here: it adds waiting times that never occurred when some
-- requests take much longer than others. Without STRIDE, only wrk counts errors, which does not
-- slow down large files.
-- "$session" in a line stands for the session_id in the answer to the visitor's last POST.

local ffi = require("ffi")
ffi.cdef [[
   typedef struct { long seconds; long nanoseconds; } moment;
   int clock_gettime(int clock, moment *now);
]]
local CLOCK_MONOTONIC = 1
local now = ffi.new("moment")

-- Has no divisor in common with the number of lines of any visitor, so threads spread evenly.
local APART = 7

local requests, first, last, current, following = {}, 1, 0, 0, 1
-- The POST that a visitor needs first, and what it answered.
local opening, session = nil, ""
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

local function formatted(each, shared)
   local headers = {}
   for name, value in pairs(shared) do headers[name] = value end
   headers["Cookie"] = each.cookies
   if each.method == "GET" then return wrk.format(each.method, each.address, headers) end
   headers["Content-Type"] = "application/json"
   -- This script has to read the answer.
   if each.method == "POST" then headers["Accept-Encoding"] = nil end
   headers["X-CSRFToken"] = each.cookies:match("kolibri_csrftoken=([^;]*)")
   return wrk.format(each.method, each.address, headers, each.body)
end

local function prepared(line, shared)
   local fields = {}
   for field in (line .. "\t"):gmatch("([^\t]*)\t") do table.insert(fields, field) end
   local each = {
      method = fields[1], address = fields[2], status = tonumber(fields[3]),
      cookies = fields[4], body = fields[5],
   }
   each.waits = each.address:find("$session", 1, true) ~= nil
   each.text = formatted(each, shared)
   return each
end

local function record(status, _, body)
   table.insert(took, milliseconds() - begun)
   local asked = requests[current]
   if status ~= asked.status then wrong = wrong + 1 end
   if asked.method == "POST" and opening then
      local found = body:match('"session_id": ?"(%x+)"')
      if not found then wrong = wrong + 1 end
      session = found or session
   end
end

function init(arguments)
   local shared = {}
   for line in io.lines(arguments[2]) do
      local name, value = line:match("^([^:]+): (.*)$")
      shared[name] = value
   end
   for line in io.lines(arguments[1]) do table.insert(requests, prepared(line, shared)) end
   last = #requests
   local stride = tonumber(arguments[3])
   if not stride then return end
   response = record
   following = (number * stride) % #requests + 1
   if arguments[4] ~= "own" then return end
   first, last = following, following + stride - 1
   following = first + (number * APART) % stride
   local posting
   for index = first, last do
      if requests[index].waits then opening = posting end
      if requests[index].method == "POST" then posting = index end
   end
end

function request()
   if opening and session == "" then
      current = opening
   else
      current = following
      following = current < last and current + 1 or first
   end
   local text = requests[current].text
   if requests[current].waits then text = text:gsub("%$session", session, 1) end
   begun = milliseconds()
   return text
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
      #all > 0 and unexpected or errors.status
   ))
end
