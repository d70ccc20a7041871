#!/bin/sh
# Plays every key script and compares the composed screen with the stored one. GENERATE=1 rewrites the stored screens.
# The first lines of a script may say: "# sizes: WxH ...", "# glyphs: ascii", "# theme: light", "# format: roles".
set -u
here=$(cd "$(dirname "$0")" && pwd)
program=${MOESCOPE:-./moescope}
MOESCOPE_PRESETS=${MOESCOPE_PRESETS:-$here/../../presets}
XDG_CONFIG_HOME=/nonexistent LC_ALL=C.UTF-8
export MOESCOPE_PRESETS XDG_CONFIG_HOME LC_ALL
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

option() { # script, name, default
    value=$(sed -n "s/^# $2: *//p" "$1" | head -n 1)
    echo "${value:-$3}"
}

play() { # script, size
    "$program" snapshot --size "$2" --script "$1" --glyphs "$(option "$1" glyphs utf8)" \
        --theme "$(option "$1" theme dark)" \
        --format "$(option "$1" format text)"
}

check() { # script, size
    stored=${1%.keys}.$2.txt
    if ! play "$1" "$2" >"$work/screen"; then
        echo "FAIL ${stored##*/}: the script does not play"
        failed=1
    elif [ -n "${GENERATE:-}" ]; then
        cp "$work/screen" "$stored"
    elif [ ! -f "$stored" ]; then
        echo "FAIL ${stored##*/}: no stored screen; look at it, then GENERATE=1 $0"
        failed=1
    elif ! diff -u "$stored" "$work/screen"; then
        echo "FAIL ${stored##*/}"
        failed=1
    fi
}

# Every tour plays to its end, as fast as it can.
tour() { # tour, size
    name=tour_$(basename "$1" .tour)
    stored=$here/$name.$2.txt
    if ! "$program" play "$1" --speed inf --size "$2" --glyphs utf8 --theme dark >"$work/screen"; then
        echo "FAIL $name: the tour does not play"
        failed=1
    elif [ -n "${GENERATE:-}" ]; then
        cp "$work/screen" "$stored"
    elif ! diff -u "$stored" "$work/screen"; then
        echo "FAIL ${stored##*/}"
        failed=1
    fi
}

for script in "$here"/*.keys; do
    for size in $(option "$script" sizes "80x24 100x30 200x60"); do
        check "$script" "$size"
    done
done
for script in "$MOESCOPE_PRESETS"/tours/*.tour; do
    for size in 80x24 100x30; do
        tour "$script" "$size"
    done
done
[ -z "${GENERATE:-}" ] || sh "$here/gallery.sh" || failed=1
exit $failed
