-- SPDX-License-Identifier: GPL-2.0
-- work.lua - sorting, closures, errors, coroutines, patterns.
local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end
local t = {}
for i = 1, 200 do t[#t+1] = string.format("%d:%s", i, ("x"):rep(i % 7)) end
table.sort(t, function(a,b) return a > b end)
print(fib(15), #t, t[1], t[200])
print(select(2, pcall(function() error({ code = 42 }) end)).code)
local co = coroutine.wrap(function(a) for i=1,5 do a = coroutine.yield(a*i) end return "done" end)
for i=1,5 do io.write(tostring(co(i)), " ") end print()
print(select(2, pcall(error, "msg")), math.sin(1), 10//3, 2^53, "a" .. 1.5)
local s = 0 for w in ("the quick brown fox"):gmatch("%a+") do s = s + #w end print(s, os.time() > 0)
