#!/bin/sh
# Memory does not grow with the rows: 100,000 of them run within an address space of 64 MiB, and so do many from a pipe.
. "${srcdir:-.}/tests/cli/lib.sh"

(ulimit -v 65536 && "$program" --version) >/dev/null 2>&1 || { echo "no small address space here (sanitizers?)"; exit 77; }

awk 'BEGIN { print "model,gpus,batch,isl,tag"; for (i = 0; i < 100000; i++) print (i % 2 ? "mixtral-8x7b,2," : "llama-3.3-70b,4,") i % 64 + 1 "," 256 + i % 1000 ",t" i }' >rows.csv
(ulimit -v 65536 && "$program" eval --scenarios rows.csv >out 2>err) || { fail "from a file"; cat err; }
[ "$(wc -l <out)" = 100001 ] || fail "$(wc -l <out) lines"
(ulimit -v 65536 && head -20001 rows.csv | "$program" eval --scenarios - --format json >out 2>err) || { fail "from a pipe"; cat err; }
[ "$(wc -l <out)" = 20000 ] || fail "$(wc -l <out) lines"
[ "$(grep -c '"tag":"t19999"' out)" = 1 ] || fail "the last row is missing"
finish
