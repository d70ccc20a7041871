#!/bin/sh
# The shipped constants against the measured rows: the median absolute error of each file stays below its bar, at least 98 %
# of the rows are answered, and the figure of bounds holds. Then a law is broken on purpose, and the table must show it.
# Skipped where the rows are not there: they are not part of this project.
set -eu
data=${MOESCOPE_DATA:-${abs_srcdir:-.}/../shared/data}
fidelity=${abs_builddir:-.}/tests/fidelity/fidelity
if [ ! -d "$data/silicon" ] || [ ! -d "$data/serving" ]; then
    echo "no measured rows at $data (set MOESCOPE_DATA): skipped"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

median() { # table, first words of the line
    awk -v want="$2" 'index($0, want) == 1 { print $(NF - 3); exit }' "$1"
}

at_most() { # table, line, bar
    value=$(median "$1" "$2")
    if ! awk -v a="${value:-999}" -v b="$3" 'BEGIN { exit !(a <= b) }'; then
        echo "FAIL $2: median error ${value:-unknown} %, bar $3 %"
        failed=1
    fi
}

"$fidelity" --data "$data" >"$work/table"
cat "$work/table"
at_most "$work/table" "gemm latency_ms" 6
at_most "$work/table" "attn_prefill latency_ms" 10
at_most "$work/table" "attn_decode latency_ms" 10
at_most "$work/table" "mla_prefill latency_ms" 10
at_most "$work/table" "mla_decode latency_ms" 10
at_most "$work/table" "moe latency_ms" 10
at_most "$work/table" "collective latency_ms" 8
at_most "$work/table" "deepep_ll dispatch_us" 10
at_most "$work/table" "deepep_ll combine_us" 10
at_most "$work/table" "deepep_normal dispatch_us" 10
at_most "$work/table" "deepep_normal combine_us" 10
at_most "$work/table" "aggregated tpot_ms" 8
at_most "$work/table" "aggregated ttft_ms" 15

# every row is a line of the CSV, with a prediction or a reason
"$fidelity" --data "$data" --csv >"$work/rows.csv"
awk -F, 'NR > 1 { n++; if ($8 == "" && $0 ~ /,""$/) silent++; if ($8 != "") answered++ }
    END { printf "%d figures, %d answered\n", n, answered; exit !(answered >= 0.98 * n && silent == 0) }' "$work/rows.csv" || {
    echo "FAIL: fewer than 98 % answered, or a row without a reason"
    failed=1
}

# a law broken on purpose: H100 products stream at half their rate, experts have no fixed time
mkdir "$work/broken"
cat >"$work/broken/calibration.csv" <<'END'
scope,class,constant,value,unit,residual,rows,origin,source
h100-sxm,gemm_16,mem_eff,0.4,1,,,assumed,a broken law
h100-sxm,gemm_16,compute_eff,0.4,1,,,assumed,a broken law
h100-sxm,experts_16,t0,0,us,,,assumed,a broken law
h100-sxm,experts_16,mem_eff,0.3,1,,,assumed,a broken law
END
"$fidelity" --data "$data" --presets "$work/broken" >"$work/broken.table"
for line in "    h100_sxm bfloat16"; do
    value=$(median "$work/broken.table" "$line")
    if ! awk -v a="${value:-0}" 'BEGIN { exit !(a > 20) }'; then
        echo "FAIL: a broken law still reads ${value:-nothing} %"
        failed=1
    fi
done
exit $failed
