#!/bin/sh
# validate with a helper that does what helpers should not: a message and a status each, no profile, no process left behind.
. "${srcdir:-.}/tests/cli/lib.sh"
fake=$(cd - >/dev/null && pwd)/tests/validate/fake_helper
[ -x "$fake" ] || { echo "no $fake here"; exit 99; }
XDG_DATA_HOME=$work/data TMPDIR=$work FAKE_PID=$work/pid
export XDG_DATA_HOME TMPDIR FAKE_PID

gone() { # the helper that wrote its number
    tries=0
    while kill -0 "$(cat pid)" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { fail "the helper is still there ($1)"; kill -9 "$(cat pid)"; return; }
        sleep 0.05
    done
}
profiles() { find "$work/data" -name '*.csv' 2>/dev/null | wc -l; }

# bad MODE STATUS MESSAGE
bad() {
    run "$2" validate --helper "$fake $1"
    says err "$3"
    [ "$1" = wrong ] || is_empty out
    [ "$(profiles)" = 0 ] || fail "a profile after $1"
    [ ! -e pid ] || gone "$1"
}
bad mute 1 "status 127 without a word"
bad crash 1 "before its last record"
bad killed 1 "before its last record"
bad status 1 "status 9 before its last record: no such symbol"
bad garbage 1 "no record: '?? what is this'"
bad longline 1 "a line of more than 4096 bytes"
bad nan 1 "found 'nan'"
bad negative 1 "above 0 is wanted"
bad cutline 1 "in the middle of a line"
bad newproto 1 "the helper speaks protocol 2, this program 1"
bad oom 5 "8.6 GB of weights do not fit"
bad hang 1 "did not end within its budget"
bad silent 1 "after a silence"

# A check that failed: its experiment gives no constant, the others do.
run 6 validate --dry-run --helper "$fake wrong"
says err "a check failed: gemv x, relf 0.3 where 0.005 is allowed"
run 6 validate --dry-run --format json --helper "$fake wrong"
grep -q '"kind":"fit","class":"decode_group_16","accepted":true' out || fail "attention was not fitted"
grep -q '"case":"x"' out && fail "a void sample"
[ "$(profiles)" = 0 ] || fail "a profile of a dry run"

# Not there, not to be run. This installation may have a helper: the program alone, and a path without one.
mkdir bin path
cp "$program" bin/moescope
PATH=$work/path ./bin/moescope validate >out 2>err
[ $? = 1 ] || fail "missing helper: status"
says err "the validation helper is not here"
printf 'echo\n' >path/moescope-validate
PATH=$work/path ./bin/moescope validate >out 2>err
[ $? = 1 ] || fail "helper that is no program: status"
says err "cannot be started: Permission denied"
run 1 validate --helper /nonexistent/helper
says err "status 127"
run 2 validate --only nothing
says err "'nothing' is no experiment; allowed: probe, stream"
run 2 validate --level slow
run 2 validate --helper ""
run 2 validate --model none

# What is good: greetings and unknown words are passed over, every format, a profile that the rest of the program takes.
for mode in ok greeting unknown skips; do run 0 validate --dry-run --helper "$fake $mode"; done
run 0 validate --dry-run --format json --helper "$fake ok"
"$json_check" <out >/dev/null || fail "JSON"
run 0 validate --dry-run --format csv --helper "$fake ok"
[ "$(wc -l <out)" = 61 ] || fail "$(wc -l <out) lines of CSV"
run 0 validate --helper "$fake ok"
says out "Profile "
profile=$(find "$work/data" -name '*.csv')
[ "$profile" = "$work/data/moescope/profiles/host-fake-1.csv" ] || fail "profile at '$profile'"
run 0 eval --gpu host --model qwen3-30b-a3b --gpus 1 --profile "$profile" --format csv
says out ",host,"
run 2 eval --gpu host
head -c 600 "$profile" >cut.csv
run 2 eval --profile cut.csv
says err "cut"
run 2 eval --profile nothing.csv

# What the helper is asked for: the scenario's dimensions and load; elsewhere the law of the routing, here its very popularity.
FAKE_ARGS=$work/args
export FAKE_ARGS
run 0 validate --dry-run --helper "$fake ok" --batch 7 --isl 300 --only gemv,experts --level full --skew-kind zipf --skew 1.5
tr '\n' ' ' <args >line
says line "--level full --only gemv,experts --model-dims hidden=4096,inter=14336,experts=8,top_k=2,heads=32,kv_heads=8,head_dim=128,"
says line ",weights=bf16 --batch 7 --context 300 --skew zipf:1.5 "
ln -s "$fake" path/fake
printf '#!/bin/sh\nexec %s ok "$@"\n' "$fake" >path/moescope-validate
chmod +x path/moescope-validate
PATH=$work/path:$PATH ./bin/moescope validate --dry-run --skew-kind zipf --skew 1.5 >out 2>err || fail "the helper on PATH"
awk -F, '/^[0-9]+,/ { sum += $2; n++; if (n > 1 && $2 > last) exit 1; last = $2 } END { exit !(n == 8 && sum > 0.999999 && sum < 1.000001) }' args ||
    fail "routing: $(cat args)"
printf 'expert,count\n0,10\n1,20\n2,30\n3,40\n4,50\n5,60\n6,70\n7,80\n' >own.csv
run 0 validate --dry-run --helper "$fake ok" --skew-kind file --routing-file own.csv
awk -F, '/^-$/ { seen = 1 } seen && /^[0-9]+,/ { sum += $2; n++ } END { exit !(n == 8 && sum > 0.999999 && sum < 1.000001) }' args ||
    fail "a histogram of one's own, elsewhere: $(cat args)"
[ -z "$(find "$work" -name 'moescope-routing-*')" ] || fail "the file of the routing is left"

# Two at once: the second says so. ^C ends the first, and its helper, at once.
rm -f pid
"$program" validate --helper "$fake slow" >out1 2>err1 &
first=$!
until [ -s pid ]; do sleep 0.05; done
run 1 validate --helper "$fake slow"
says err "busy: another validation is running"
kill -INT $first
wait $first
[ $? = 7 ] || fail "cancelled: status"
says err1 "cancelled; nothing was written"
gone "cancelled"

# One that does not listen is killed, and one whose program was killed ends by itself.
rm -f pid
"$program" validate --helper "$fake stubborn" >out1 2>err1 &
first=$!
until [ -s pid ]; do sleep 0.05; done
kill -TERM $first
wait $first
[ $? = 7 ] || fail "stubborn: status"
gone "stubborn"
rm -f pid
"$program" validate --helper "$fake slow" >out1 2>err1 &
first=$!
until [ -s pid ]; do sleep 0.05; done
kill -KILL $first
wait $first 2>/dev/null
gone "orphan"
finish
