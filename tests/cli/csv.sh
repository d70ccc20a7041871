#!/bin/sh
# eval --scenarios: many rows, carried columns, all that CSV allows, and the output read back gives the same bytes.
. "${srcdir:-.}/tests/cli/lib.sh"

# Every model on two GPUs, in several layouts: possible or not, the output is an input that gives itself.
run 0 models --format csv
column id out | grep . >ids
{
    echo model,gpu,gpus,tp,pp,ep,batch,isl,skew_kind,skew,price
    while read -r id; do
        echo "$id,h100-sxm,8,8,1,8,64,2000,zipf,0.8,2.5"
        echo "$id,a100-80-sxm,4,,,,,,,,"
        echo "$id,a100-80-sxm,4,2,2,1,7,123,pareto,1.2,"
    done <ids
} >in.csv
run 0 eval --scenarios in.csv
is_empty err
mv out once.csv
run 0 eval --scenarios once.csv
is_empty err
same once.csv out "read back"
[ "$(wc -l <once.csv)" = "$(wc -l <in.csv)" ] || fail "rows were lost"

# A row is what eval prints for the same flags.
run 0 eval --model mixtral-8x7b --gpu a100-80-sxm --gpus 4 --format csv
sed -n 2p out >flags
grep '^mixtral-8x7b,' once.csv | grep -F -x -f flags >row || fail "flags and row differ"

# The same through a pipe, from standard input as a file, with CR LF and with a byte order mark.
"$program" eval --scenarios - <in.csv >out 2>err || fail "standard input"
same once.csv out "standard input"
cat in.csv | "$program" eval --scenarios - >out 2>err || fail "pipe"
same once.csv out "pipe"
sed 's/$/\r/' in.csv >crlf.csv
run 0 eval --scenarios crlf.csv
same once.csv out "CR LF"
{ printf '\357\273\277'; cat in.csv; } >bom.csv
run 0 eval --scenarios bom.csv
same once.csv out "byte order mark"

# Carried columns keep their place and their order; those of a session file are not worth a warning.
cat >carried.csv <<'END'
state,remark,model,gpus,"b, c",slot,ttft_ms,defaults
1,"say ""hi"", then go",mixtral-8x7b,2,x,A,999,gpu batch
2,,mixtral-8x7b,4,,B,,
END
run 0 help --figures
last=$(tail -1 out | cut -d, -f1)
run 0 eval --scenarios carried.csv
says err "columns carried through: remark, b, c"
[ "$(wc -l <err)" = 1 ] || fail "more than one warning"
head -1 out | grep -q "^state,remark,model,.*,$last,\"b, c\",slot,defaults\$" || fail "carried header: $(head -1 out)"
sed -n 2p out | grep -q '^1,"say ""hi"", then go",mixtral-8x7b,.*,x,A,gpu batch$' || fail "carried row"
grep -q ',999,' out && fail "a figure was believed"
mv out carried.out
run 0 eval --scenarios carried.out
same carried.out out "carried columns read back"
run 0 eval --scenarios carried.csv --format json
"$json_check" <out >/dev/null || fail "JSON with carried columns"
says out '"remark":"say \"hi\", then go"'
says out '"b, c":"x"'

# Flags beside --scenarios are what empty cells take, no more.
printf 'model,isl\nmixtral-8x7b,\nmixtral-8x7b,77\n' >base.csv
run 0 eval --scenarios base.csv --isl 1234 --batch 5
[ "$(column isl out | tr '\n' ' ')" = "1234 77 " ] || fail "isl: $(column isl out)"
[ "$(column batch out | tr '\n' ' ')" = "5 5 " ] || fail "batch: $(column batch out)"
run 2 eval --scenarios base.csv --isl 0
is_empty out
run 2 eval --scenarios base.csv --weights no-such-format
is_empty out
says err "base.csv:2"

# Short rows, blank lines, no rows at all.
printf 'model,gpus\nmixtral-8x7b\n\nmixtral-8x7b,4\n' >short.csv
run 0 eval --scenarios short.csv
[ "$(wc -l <out)" = 3 ] || fail "short rows"
printf 'model\n' >none.csv
run 0 eval --scenarios none.csv
[ "$(wc -l <out)" = 1 ] || fail "no rows: a header is due"
run 0 eval --scenarios none.csv --format json
is_empty out
run 0 eval --scenarios in.csv --format table
[ "$(wc -l <out)" = "$(wc -l <in.csv)" ] || fail "table of rows"

# Ready-made scenarios are rows as well.
run 0 eval --scenarios "$MOESCOPE_PRESETS/scenarios.csv"
run 0 scenarios --format csv
mv out list.csv
run 0 eval --scenarios list.csv
finish
