#!/bin/sh
# Session files: the journal grows by a state at each edit, an export holds them all, both are read back and are valid
# input of eval --scenarios; what is wrong with one is told and nothing is changed.
. "${srcdir:-.}/tests/cli/lib.sh"
SOURCE_DATE_EPOCH=1700000000
export SOURCE_DATE_EPOCH

last() { column "$1" "$2" | tail -"${3:-1}" | tr '\n' ' '; }

# Two states at least: the first and an edit of A by flag; the script undoes nothing yet.
run 0 snapshot --isl 700 --b batch=8 --journal j.csv
figure=$("$program" help --figures | tail -1 | cut -d, -f1)
head -1 j.csv | grep -q "^state,time,slot,model,.*,$figure,defaults\$" || fail "header: $(head -1 j.csv)"
[ "$(wc -l <j.csv)" = 3 ] || fail "one state is a header and two rows, not $(wc -l <j.csv) lines"
[ "$(column slot j.csv | tr '\n' ' ')" = "A B " ] || fail "slots"
[ "$(column isl j.csv | head -1)" = 700 ] || fail "isl of A"
[ "$(last batch j.csv)" = "8 " ] || fail "batch of B"
[ "$(last time j.csv)" = "2023-11-14T22:13:20Z " ] || fail "time: $(last time j.csv)"

# Moving a slider, undoing, doing again: each is a state.
echo 'right u ctrl-r' >keys
run 0 snapshot --journal k.csv --script keys
[ "$(last state k.csv)" = "4 " ] || fail "states: $(last state k.csv)"
tail -2 k.csv | cut -d, -f4- >after
sed -n 4,5p k.csv | cut -d, -f4- >edited
same after edited "an edit done again"
tail -4 k.csv | head -2 | cut -d, -f4- >undone
sed -n 2,3p k.csv | cut -d, -f4- >first
same undone first "an edit undone"

# It goes on counting when it is continued, and the session opens on its last state.
cp k.csv before.csv
run 0 snapshot --session k.csv --journal k.csv
[ "$(last state k.csv)" = "5 " ] || fail "continued: $(last state k.csv)"
head -"$(wc -l <before.csv)" k.csv >head.csv
same before.csv head.csv "what stood in the journal"
tail -2 k.csv | cut -d, -f4- >now
same after now "the last state comes back, defaults and all"

# One writer at a time: a second program is turned away while the first has the journal, and let in afterwards.
mkfifo held
"$program" snapshot --journal shared.csv --script held >/dev/null 2>&1 &
exec 3>held
tries=0
until [ -s shared.csv ] || [ $tries = 200 ]; do tries=$((tries + 1)); sleep 0.05; done
cp shared.csv before.csv
run 1 snapshot --journal shared.csv
says err "shared.csv: another moescope writes this journal"
same before.csv shared.csv "a journal that another program writes"
exec 3>&-
wait
run 0 snapshot --journal shared.csv
[ "$(last state shared.csv)" = "2 " ] || fail "after the first has gone: $(last state shared.csv)"

# Read back as scenarios: the same bytes.
for file in j.csv k.csv; do
    run 0 eval --scenarios $file
    is_empty err
    same $file out "session file through eval"
done

# The export key.
mkdir export
(cd export && echo 'right right e' | "$program" snapshot --script - >/dev/null) || fail "export"
for file in export/*.csv; do
    [ -f "$file" ] || { fail "no export"; continue; }
    run 0 eval --scenarios "$file"
    same "$file" out "export through eval"
    run 0 snapshot --session "$file"
done

# The screen of a session is the screen of its scenarios.
run 0 snapshot --isl 700 --b batch=8
mv out want
run 0 snapshot --session j.csv
same want out "screen"

refused() { # FILE TEXT
    cp "$1" untouched
    run 1 snapshot --journal "$1"
    is_empty out
    says err "$1"
    says err "$2"
    same "$1" untouched "a refused journal is left alone"
}
printf 'a,b\n1,2\n' >other.csv
refused other.csv "header"
printf '%s' "$(cat j.csv)" >cut.csv
refused cut.csv "cut.csv:3: the last line is cut off"
head -c 700 j.csv >cut2.csv
sed 's/^1,\(.*\),A,/one,\1,A,/' j.csv >badstate.csv
refused badstate.csv "badstate.csv:2"
mkdir folder
run 1 snapshot --journal folder

unread() { # FILE TEXT
    run 2 snapshot --session "$1"
    is_empty out
    says err "$1"
    says err "$2"
}
unread other.csv "no column 'state'"
unread badstate.csv "1 or more"
head -2 j.csv >half.csv
unread half.csv "no row for slot B"
sed 's/,A,/,C,/' j.csv >slot.csv
unread slot.csv "A or B"
sed 's/,700,/,none,/' j.csv >cell.csv
unread cell.csv "isl"
finish
