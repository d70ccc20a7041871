#!/bin/sh
# Prints the headlines of a run as a table: bench.sh HELPER [OPTION...]
set -eu
"$@" | awk -F '\t' '
function field(key,    i) {
    for (i = 2; i <= NF; i++)
        if (index($i, key "=") == 1) {
            gsub(/%3D/, "=", $i)
            return substr($i, length(key) + 2)
        }
    return ""
}
$1 == "env" { printf "%s, %s threads, last cache %.0f MiB%s\n", field("device"), field("cores"), field("llc_bytes") / 1048576, field("vm") == 1 ? ", virtual" : "" }
$1 == "result" && field("unit") == "byte/s" { printf "%-44s %8.1f GB/s\n", field("name"), field("value") / 1e9 }
$1 == "result" && field("unit") == "FLOP/s" { printf "%-44s %8.1f GFLOP/s\n", field("name"), field("value") / 1e9 }
$1 == "result" && field("name") ~ /_s$/ && field("unit") == "s" { printf "%-44s %8.2f us\n", field("name"), field("value") * 1e6 }
$1 == "result" && field("name") ~ /over_read|speedup|_over_|^load_max_b/ { printf "%-44s %8.2f\n", field("name"), field("value") }
$1 == "fit" && field("class") != "gemm" { printf "%-44s %8.1f GB/s + %.2f us, held out %.1f %%, p90 %.1f %%\n", "fit " field("class"), field("rate") / 1e9, field("t0_s") * 1e6, 100 * field("error_median"), 100 * field("error_p90") }
$1 == "fit" && field("class") == "gemm" { printf "%-44s %8.1f GFLOP/s + %.2f us, held out %.1f %%, p90 %.1f %%\n", "fit " field("class"), field("rate") / 1e9, field("t0_s") * 1e6, 100 * field("error_median"), 100 * field("error_p90") }
$1 == "sample" && (field("op") == "gemv" && field("m") > 1) { printf "%-44s %8.1f GB/s\n", "gemv " field("case"), field("bytes") / field("value") / 1e9 }
$1 == "sample" && field("op") == "experts" { printf "%-44s %8.1f GB/s %8.1f GFLOP/s\n", "experts " field("case"), field("bytes") / field("value") / 1e9, field("flop") / field("value") / 1e9 }
$1 == "end" { printf "%s: %d checks, %d failed\n", field("status"), field("checks"), field("failed") }
'
