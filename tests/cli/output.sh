#!/bin/sh
# Standard output that takes nothing: a full disk is told, a closed pipe is not; both end with 1.
. "${srcdir:-.}/tests/cli/lib.sh"

awk 'BEGIN { print "model,batch"; for (i = 0; i < 3000; i++) print "mixtral-8x7b," i % 50 + 1 }' >many.csv

if [ -c /dev/full ]; then
    for arguments in "eval" "eval --format json" "eval --scenarios many.csv" "models" "help" "--version" "snapshot"; do
        # shellcheck disable=SC2086
        "$program" $arguments >/dev/full 2>err
        [ $? = 1 ] || fail "full disk: status of '$arguments'"
        says err "standard output"
        [ "$(wc -l <err)" = 1 ] || fail "full disk: more than one message for '$arguments'"
    done
fi

for arguments in "eval --scenarios many.csv" "eval --scenarios many.csv --format json" "models --format csv"; do
    # shellcheck disable=SC2086
    { "$program" $arguments 2>err; echo $? >status; } | head -1 >/dev/null
    case $(cat status) in
    1) ;;
    0) [ "$arguments" = "models --format csv" ] || fail "closed pipe not noticed: '$arguments'" ;;
    *) fail "closed pipe: status $(cat status)" ;;
    esac
    is_empty err
done
finish
