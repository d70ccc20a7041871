#!/bin/sh
# explain: the last line is the figure that eval prints, formulas have their numbers, every figure has a working.
. "${srcdir:-.}/tests/cli/lib.sh"

run 0 explain tpot_ms --isl 1024
is_empty err
says out '= decode_step_ms + others_ms'
says out 'operators of the decode step'
says out 'fitted (a100-80-sxm)'
says out 'residual'
says out 'moved most by'
awk 'length($0) > 100 { print; bad = 1 } END { exit bad }' out || fail "a line is wider than 100 columns"
cp out dashed
run 0 explain tpot-ms --isl 1024
same out dashed "- for _"

# The result in full is in the JSON; eval must have the same.
for scenario in "" "--model deepseek-v3 --gpu h200-sxm --gpus 8 --dp 8 --ep 8 --tp 1" "--model llama-3.3-70b --gpus 4 --batch 4096" \
    "--model deepseek-v3 --gpu h100-sxm --gpus 8" \
    "--model deepseek-v3 --gpu h200-sxm --gpus 8 --dp 8 --ep 8 --tp 1 --redundant-experts 8 --chunk-tokens 512 --spec-depth 2"; do
    # shellcheck disable=SC2086
    run 0 eval --format csv $scenario
    cp out row.csv
    for id in $("$program" help --figures | tail -n +2 | cut -d, -f1); do
        # shellcheck disable=SC2086
        run 0 explain "$id" --format json $scenario
        tail -1 out | grep -q "^{\"kind\":\"result\",\"name\":\"$id\"" || fail "$id: the last line is not the result"
        value=$(tail -1 out | sed 's/.*"value":"\{0,1\}\([^",]*\).*/\1/')
        want=$(column "$id" row.csv)
        case $id:$want in
        feasible:1) want=yes ;;
        feasible:0) want=no ;;
        limit:) want=none ;;
        *:) want=null ;;
        esac
        [ "$value" = "$want" ] || fail "$id is $value, eval says $want ($scenario)"
        [ ! -x "$json_check" ] || while IFS= read -r object; do
            printf '%s\n' "$object" | "$json_check" >/dev/null || fail "$id: no JSON: $object"
        done <<EOF
$(tail -3 out)
EOF
    done
done

# What is unknown says why.
run 0 explain tpot_ms --model deepseek-v3 --gpu h100-sxm --gpus 8
says out 'unknown: does not fit'
run 0 explain coverage --model llama-3.3-70b --gpus 4
says out 'unknown: a dense model has no experts'
run 0 explain slo_ok
says out 'unknown: no service level is set'

run 2 explain
is_empty out
says err 'explain needs a figure'
says err 'allowed: feasible, limit'
run 2 explain tpt_ms
says err "did you mean 'tpot_ms'?"
says err 'cost_m_out_origin'
run 2 explain tpot_ms extra
says err "unexpected argument 'extra'"
run 2 explain tpot_ms --batch 0
says err 'batch'
run 2 explain tpot_ms --format csv
says err 'allowed: text, json'
run 2 explain tpot_ms --scenarios x.csv
says err 'does not go with'
run 0 explain --help
says out 'Usage: moescope explain FIGURE'
run 0 help explain
says out 'Usage: moescope explain FIGURE'
finish
