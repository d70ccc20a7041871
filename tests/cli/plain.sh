#!/bin/sh
# --plain: keys from a pipe, as a terminal sends them; a line for each change, and nothing drawn.
. "${srcdir:-.}/tests/cli/lib.sh"

printf 'l\033[B\033OA\t\033[6~\003j<\r\033 ?\033pm\303\251\177q' | "$program" --plain >out 2>err || fail "status $? of a pipe of keys"
is_empty err
says out 'A, workload, batch: 32 seq, the default. Allowed: 1 to 65536 seq'
says out 'A batch 32 to 64, TPOT '
says out 'A, workload, input length: 512 tok'
says out 'Memory per GPU: memory: A '
says out 'write this screen to'
says out "presets that hold 'm'"
[ "$(grep -c '^A batch 32 to 64' out)" = 1 ] || fail "a change is told more than once"
LC_ALL=C.UTF-8 grep -q '[─│┌┐└┘█▓▒░●○→×]' out && fail "drawing in the lines: $(grep '[─│█●→]' out | head -2)"
[ "$(uniq -d out | wc -l)" = 0 ] || fail "a line twice: $(uniq -d out)"

: | "$program" --plain >out 2>err || fail "no keys at all"
says out 'A is '
echo qq | "$program" --plain --batch 64 --b model=deepseek-v3 >out 2>err || fail "fields go with --plain"
says out 'does not fit'
yes l | head -n 3000 | { "$program" --plain 2>err; echo $? >status; } | head -n 1 >out
is_empty err
[ "$(cat status)" = 1 ] || fail "status $(cat status) when nobody reads"
if [ -c /dev/full ]; then
    : | "$program" --plain >/dev/full 2>err && fail "a full disk is not told"
    says err 'cannot be written'
fi
run 2 snapshot --plain
says err '--plain does not go with'
finish
