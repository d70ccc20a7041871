#!/bin/sh
# Disaggregated serving from the command line: pools that do not add up are told with their remedy, a pool that does not fit by
# its name, and aggregated serving reads nothing of the prefill pool.
. "${srcdir:-.}/tests/cli/lib.sh"

refused() { # TEXT FIELDS...
    text=$1
    shift
    run 0 eval --mode disaggregated --model llama-3.3-70b --gpu h100-sxm "$@"
    says out "not possible: $text"
    run 0 eval --mode disaggregated --model llama-3.3-70b --gpu h100-sxm "$@" --format csv
    [ "$(column feasible out)" = 0 ] || fail "$*: feasible"
    for figure in tpot_ms out_tok_s cost_h pool_bound prefill_util prefill_tok_s kv_transfer_ms; do
        [ "$(column $figure out)" = "" ] || fail "$*: $figure is $(column $figure out)"
    done
}
refused "prefill pool: engines of 2 do not fill its 3 of 8 GPUs; prefill_gpus 4 would" --gpus 8 --tp 4 --prefill-tp 2 --prefill-gpus 3
refused "decode pool: engines of 4 do not fill its 6 of 8 GPUs; prefill_gpus 4 would" --gpus 8 --tp 4 --prefill-tp 2 --prefill-gpus 2
refused "prefill_gpus 8 of 8 GPUs: each pool needs some" --gpus 8 --tp 4 --prefill-gpus 8
refused "prefill_gpus 9 of 8 GPUs: each pool needs some" --gpus 8 --tp 4 --prefill-gpus 9
refused "prefill_gpus 0 of 1 GPUs: each pool needs some" --gpus 1
refused "prefill pool does not fit: weights 141" --gpus 8 --tp 4 --prefill-tp 1
refused "decode pool does not fit: weights 141" --gpus 8 --tp 1 --prefill-tp 4
refused "prefill pool: tp 3 does not divide 64 attention heads" --gpus 7 --tp 4 --prefill-tp 3 --prefill-gpus 3

run 2 eval --mode both
says err "aggregated or disaggregated"
run 2 eval --prefill-tp 0
says err "prefill"

# What it gives: both pools' GPUs are paid for, and the fleet gives no more than either pool.
run 0 eval --mode disaggregated --model llama-3.3-70b --gpu h100-sxm --gpus 8 --tp 4 --price 2 --isl 4096 --osl 128 --format csv
[ "$(column cost_h out)" = 16 ] || fail "rent $(column cost_h out)"
[ "$(column pool_bound out)" = prefill ] || fail "bound by $(column pool_bound out)"
[ "$(column prefill_gpus out)" = 4 ] || fail "prefill_gpus $(column prefill_gpus out)"
awk -v in_rate="$(column in_tok_s out)" -v most="$(column prefill_tok_s out)" -v busy="$(column prefill_util out)" \
    'BEGIN { exit !(in_rate > 0 && in_rate <= most && busy > 0.9 && busy <= 1) }' || fail "input rate above the prefill pool's"

# Fields that nothing reads change nothing, and are kept.
run 0 eval --gpus 4 --format json
sed -E 's/"prefill_(gpus|tp|pp|dp|ep|batch)":[^,]*,//g' out >plain
run 0 eval --gpus 4 --prefill-gpus 3 --prefill-dp 5 --prefill-batch 7 --format json
says out '"prefill_gpus":3'
sed -E 's/"prefill_(gpus|tp|pp|dp|ep|batch)":[^,]*,//g' out >kept
same plain kept "aggregated serving"
finish
