#!/bin/sh
# The lists show every row of the presets, in each format.
. "${srcdir:-.}/tests/cli/lib.sh"

for list in models gpus formats links scenarios; do
    run 0 $list --format json
    rows=$(wc -l <out)
    [ "$rows" -ge 2 ] || fail "$list: $rows rows"
    sed 's/^{"id":"\([^"]*\)".*/\1/' out >ids
    run 0 $list
    [ "$(wc -l <out)" = $((rows + 1)) ] || fail "$list: table"
    awk 'NR > 1 { print $1 }' out >table_ids
    same ids table_ids "$list: ids of JSON and table"
    run 0 $list --format csv
    [ "$(wc -l <out)" = $((rows + 1)) ] || fail "$list: CSV"
    while read -r id; do
        grep -q "^$id," "$MOESCOPE_PRESETS/$list.csv" || fail "$list: $id is not in the presets"
    done <ids
done
run 0 gpus --format csv
[ "$(column mem_bw_gbs out | grep -c '[0-9]\.[0-9]\{6\}')" = 0 ] || fail "rounding noise in gpus"
finish
