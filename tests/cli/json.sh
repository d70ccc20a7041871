#!/bin/sh
# JSON is valid by the letter, and holds what CSV holds.
. "${srcdir:-.}/tests/cli/lib.sh"
[ -x "$json_check" ] || { echo "no json_check here"; exit 77; }

# The checker itself refuses what is no JSON.
for bad in '{"a":1,}' '{"a":01}' '{"a":.5}' '{"a":NaN}' "{'a':1}" '{"a":1}}' '{"a":"\x"}' '{"a":+1}' '{"a":1.}' '{"a":"
"}' '{"a":tru}' '{"a":1,"a":2}' '{"a":"\ud800"}' '[1]' ''; do
    printf '%s\n' "$bad" | "$json_check" >/dev/null 2>&1 && fail "the checker takes $bad"
done
printf '{"a":"\377"}\n' | "$json_check" >/dev/null 2>&1 && fail "the checker takes a byte that is no UTF-8"

compare() { # ARGUMENTS: json_check prints the members as CSV
    run 0 eval "$@" --format json
    "$json_check" <out >from_json 2>err || { fail "not valid: $*"; cat err; }
    run 0 eval "$@" --format csv
    same from_json out "JSON and CSV of $*"
}
compare
compare --model llama-3.3-70b --gpus 4
compare --model deepseek-v3 --gpu h200-sxm --gpus 8
compare --gpus 1
compare --slo_ttft_ms 1 --slo-tpot-ms 1000 --price 0
{ echo model,gpus,skew_kind,skew; for m in mixtral-8x7b gpt-oss-120b llama-2-7b; do echo "$m,8,zipf,1.1"; done; } >in.csv
compare --scenarios in.csv
[ "$(wc -l <out)" = 4 ] || fail "one object a line"

run 0 eval --format json
says out '"feasible":true'
says out '"slo_ttft_ms":null'
says out '"batch":32,'
run 0 eval --gpus 1 --format json
says out '"feasible":false'
says out '"ttft_ms":null'

# Odd texts: quotes, controls, bytes that are no UTF-8.
printf 'model,"od""d\tkey"\nmixtral-8x7b,"a\\b ""q"" \001\377\303\244\355\240\200 end"\n' >odd.csv
run 0 eval --scenarios odd.csv --format json
"$json_check" <out >/dev/null 2>err || { fail "odd texts"; cat err; }
says out '\u0001'
says out '\ufffd'

for list in models gpus formats links scenarios; do
    run 0 $list --format json
    "$json_check" <out >/dev/null 2>err || { fail "$list"; cat err; }
done
finish
