#!/bin/sh
# What is not possible is told, with its limit, and has no performance or cost figure; the status is still 0.
. "${srcdir:-.}/tests/cli/lib.sh"

run 0 help --figures
awk -F, '$4 == "performance" || $4 == "cost" { print $1 }' out >figures
[ "$(wc -l <figures)" -ge 15 ] || fail "too few figures"

impossible() { # LIMIT FIELDS...
    limit=$1
    shift
    run 0 eval "$@" --format csv
    [ "$(column feasible out)" = 0 ] || fail "$*: feasible $(column feasible out)"
    [ "$(column limit out)" = "$limit" ] || fail "$*: limit $(column limit out), not $limit"
    while read -r figure; do
        [ "$(column "$figure" out)" = "" ] || fail "$*: $figure is $(column "$figure" out)"
    done <figures
    run 0 eval "$@" --format json
    says out '"feasible":false'
    says out "\"limit\":\"$limit\""
    run 0 eval "$@"
    says out "not possible: "
}
impossible memory --model llama-3.1-405b --gpus 2
impossible heads --model mixtral-8x7b --gpus 3 --tp 3
impossible experts --model mixtral-8x7b --gpus 8 --tp 8 --ep 3
impossible gpus --model mixtral-8x7b --gpus 3 --tp 2
impossible context --model llama-2-7b --isl 100000
impossible budget --model mixtral-8x7b --batch 512 --chunk-tokens 512
finish
