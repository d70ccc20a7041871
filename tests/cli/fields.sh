#!/bin/sh
# Every scenario field is a flag, in both spellings, with its range checked; the value given is the value shown.
. "${srcdir:-.}/tests/cli/lib.sh"

run 0 eval --format csv
mv out default.csv
run 0 help --fields
tail -n +2 out | cut -d, -f1,5-8 >table
[ "$(wc -l <table)" -ge 24 ] || fail "only $(wc -l <table) fields"

check_value() { # ID VALUE
    run 0 eval "--$1" "$2" --format csv
    [ "$(column "$1" out)" = "$2" ] || fail "--$1 $2 shows $(column "$1" out)"
    run 0 eval "--$(echo "$1" | tr _ -)=$2" --format csv
    [ "$(column "$1" out)" = "$2" ] || fail "--$1=$2 with dashes shows $(column "$1" out)"
}

check_refused() { # ID VALUE
    run 2 eval "--$1" "$2"
    is_empty out
    says err "$1"
    says err "$2"
    says err allowed
}

# min and max of a field may meet limits of others; what matters here is that they are taken and printed.
while IFS=, read -r id type min max open_min; do
    case $type in
    text)
        value=$(column "$id" default.csv)
        [ "$id" = skew_kind ] && value=zipf
        check_value "$id" "$value"
        check_refused "$id" no-such-thing
        ;;
    *)
        [ "$open_min" = 1 ] || check_value "$id" "$min"
        [ "$open_min" = 0 ] || check_refused "$id" "$min"
        check_value "$id" "$max"
        check_refused "$id" "-1"
        check_refused "$id" "${max}1"
        check_refused "$id" "much"
        check_refused "$id" "nan"
        ;;
    esac
    [ "$type" != integer ] || check_refused "$id" 1.5
    run 0 eval "--$id=" --format csv
    same out default.csv "an empty --$id is the default"
done <table

# Suffixes, and the last of two wins.
run 0 eval --isl 2 --isl 2k --prefix-hit 50% --format csv
[ "$(column isl out)" = 2000 ] || fail "2k is $(column isl out)"
[ "$(column prefix_hit out)" = 0.5 ] || fail "50% is $(column prefix_hit out)"
finish
