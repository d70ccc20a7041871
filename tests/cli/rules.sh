#!/bin/sh
# rules and laws: every row in every format, the same figures as eval, bad input refused.
. "${srcdir:-.}/tests/cli/lib.sh"

for command in rules laws; do
    run 0 $command --format json
    "$json_check" <out >/dev/null || fail "$command: JSON"
    sed 's/^{"[a-z]*":"\([^"]*\)".*/\1/' out >ids
    run 0 $command --format csv
    is_empty err
    [ "$(wc -l <out)" = $(($(wc -l <ids) + 1)) ] || fail "$command: rows of CSV and JSON"
    cut -d, -f1 out | tail -n +2 >csv_ids
    same ids csv_ids "$command"
    run 0 $command
    is_empty err
    says out "A  mixtral-8x7b, bf16, on 2 a100-80-sxm"
    says out "B  llama-3.3-70b"
    run 2 $command --scenario-a nothing
    is_empty out
    run 2 $command --format pdf
    says err "allowed: table, csv, json"
    run 2 $command --b gpus=0
    is_empty out
    says err "gpus"
    run 2 $command --journal x.csv
    says err "goes with: explore snapshot"
    run 2 $command --model no-such-model
    is_empty out
    run 1 $command --session no-such-file.csv
done

# The figures are eval's.
run 0 eval --gpus 2 --price 3 --format csv
cost=$(column cost_m_out out)
run 0 rules --format csv
grep '^moe-cost,' out | grep -q ",$cost," || fail "moe-cost is not eval's $cost"
grep '^dense-latency,' out | grep -q ',15,15,false,0,' || fail "dense-latency: judged at 15, within the uncertainty"

# Every table row of the article is there: five reasons for, five against, three for either, five of operations.
for group in "MoE wins 5" "dense wins 5" "either works 3" "operations 5"; do
    [ "$(cut -d, -f2 out | grep -c "^${group% *}\$")" = "${group##* }" ] || fail "$group"
done

# Two models of a kind: nothing is judged, the figures are there.
run 0 rules --b model=mixtral-8x7b --b gpus=2 --format csv
grep -q '^moe-cost,.*,n/a,,,' out || fail "two MoEs were judged"
grep '^moe-cost,' out | grep -q ",$cost,$cost," || fail "two MoEs without figures"

# What cannot be has no figure but its memory.
run 0 rules --model deepseek-v3 --gpu h100-sxm --gpus 8
says out "A is not possible: does not fit"
grep '^moe-cost ' out | grep -q ' - .* n/a ' || fail "a cost of what does not fit"

# A session holds both scenarios.
run 0 snapshot --model deepseek-v3 --gpu h200-sxm --gpus 8 --journal session.csv
run 0 rules --session session.csv --format csv
mv out session.out
run 0 rules --model deepseek-v3 --gpu h200-sxm --gpus 8 --format csv
same out session.out "session and flags"

# 295 tokens: the second article's critical batch of an H100 in 16 bits; 2 x 80 all-reduces of Llama-70B.
run 0 laws --scenario-b llama-8xh100-tp8 --format csv
grep -q '^critical-batch,[^,]*,[^,]*,tok,,153\.[0-9]*,295\.[0-9]*,' out || fail "critical batch"
grep -q '^allreduces,[^,]*,[^,]*,,,64,160,32,80,' out || fail "all-reduces"
finish
