#!/bin/sh
# README shows what the program prints: each fenced block behind `<!-- $ COMMAND -->` is that command's output. This test
# fails when one is out of date; FILL=1 writes them anew. Blocks behind `<!-- measured: COMMAND -->` belong to the machine
# they were measured on and are only written by FILL=COMMAND.
set -eu
here=${abs_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
bin=${abs_builddir:-$here/build}
PATH=$bin:$PATH
export PATH MOESCOPE_PRESETS="$here/presets"
out=$(mktemp)
trap 'rm -f "$out" "$out.block"' EXIT

fill() {
    inside=0
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        '<!-- $ '*' -->')
            command=${line#'<!-- $ '}
            command=${command%' -->'}
            printf '%s\n' "$line"
            inside=1
            ;;
        '<!-- measured: '*' -->')
            command=${line#'<!-- measured: '}
            command=${command%' -->'}
            printf '%s\n' "$line"
            [ "${FILL:-}" = "$command" ] && inside=1
            ;;
        '```'*)
            printf '%s\n' "$line"
            if [ $inside = 1 ]; then
                inside=2
                (cd "$bin" && LC_ALL=C.UTF-8 sh -c "$command" </dev/null) >"$out.block" || exit 1
                cat "$out.block"
            elif [ $inside = 2 ]; then
                inside=0
            fi
            ;;
        *) [ $inside = 2 ] || printf '%s\n' "$line" ;;
        esac
    done <"$here/README.md"
}

fill >"$out"
if [ -n "${FILL:-}" ]; then
    cat "$out" >"$here/README.md"
elif ! diff "$here/README.md" "$out"; then
    echo "README.md is out of date; FILL=1 tests/readme.sh writes it anew"
    exit 1
fi
