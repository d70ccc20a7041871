#!/bin/sh
# Tours: the list, a session that becomes one and leads to the same scenarios, and what is refused.
. "${srcdir:-.}/tests/cli/lib.sh"

run 0 play
[ "$(wc -l <out)" = "$(ls "$MOESCOPE_PRESETS"/tours/*.tour | wc -l)" ] || fail "not every tour is listed"
says out 'five-minutes             Five minutes of MoE against dense'
for tour in $(cut -d' ' -f1 out); do
    run 0 play "$tour" --speed inf --size 80x24
    grep -q '{' out && fail "a field is left in the caption of $tour"
done
run 1 play five-minutes
says err "needs a terminal"
run 1 play no-such-tour
says err "'moescope play' lists the tours"
run 2 play five-minutes --speed 0
says err "allowed: a number above 0"
run 2 play five-minutes --speed fast
run 2 play five-minutes --batch 3
says err "takes no scenario fields"
printf 'a\ncaption:"{A.nothing}"\n' >bad.tour
run 2 play ./bad.tour --speed inf
says err "bad.tour:2: a caption's field 'A.nothing'"

# A session: numbers, a choice, a preset, the other slot, back to a default, undo.
cat >script <<'END'
right pgup pgup down type:4 enter b type:16 enter b p type:deepseek-v3-8xh200 enter
pgdn type:4 enter R down type:2 enter b up up right r u
END
run 0 snapshot --script script --journal session.csv
[ "$(wc -l <session.csv)" -gt 8 ] || fail "the session is too short to show anything"
run 0 tour session.csv
cp out mine.tour
run 0 snapshot --script mine.tour --journal replay.csv
last() { tail -n 2 "$1" | cut -d, -f3-; }
[ "$(last session.csv)" = "$(last replay.csv)" ] || fail "the tour leads elsewhere: $(last session.csv) $(last replay.csv)"
run 0 play mine.tour --speed inf
run 2 tour
says err "takes a session file"
run 1 tour nothing.csv
echo "model" >list.csv
run 2 tour list.csv
says err "not a session file"
finish
