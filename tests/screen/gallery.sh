#!/bin/sh
# The pictures of README and of talks: every view as SVG and text at two sizes. `make pictures` makes them anew; as a test it
# tells which is out of date.
set -u
here=$(cd "$(dirname "$0")" && pwd)
program=${MOESCOPE:-./moescope}
MOESCOPE_PRESETS=${MOESCOPE_PRESETS:-$here/../../presets}
XDG_CONFIG_HOME=/nonexistent LC_ALL=C.UTF-8
export MOESCOPE_PRESETS XDG_CONFIG_HOME LC_ALL
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

# name, theme, keys: one picture a line
pictures() {
    cat <<'END'
panes dark
operators dark >
rules dark > >
laws dark > > >
articles dark > > > >
batch dark : type:view space type:batch enter
frontier dark : type:view space type:frontier enter
roofline dark : type:view space type:roofline enter
imbalance dark : type:view space type:imbalance enter
winners dark : type:view space type:winners enter
layouts dark : type:view space type:layouts enter
working dark tab right down enter
infeasible dark p type:deepseek-v3-8xh100 enter
present dark P
light light right
high-contrast high-contrast right
END
}

draw() { # name, theme, keys, size, format
    printf '%s\n' "$3" >"$work/keys"
    "$program" snapshot --script "$work/keys" --size "$4" --glyphs utf8 --theme "$2" --format "$5"
}

pictures | while read -r name theme keys; do
    sizes="100x30 200x60"
    [ "$theme" = dark ] || sizes=100x30
    for size in $sizes; do
        for format in text svg; do
            suffix=$format
            [ $format = text ] && suffix=txt
            stored=$here/gallery/$name.$size.$suffix
            draw "$name" "$theme" "$keys" $size $format >"$work/picture" || { echo "FAIL $name: not drawn"; exit 1; }
            if [ -n "${GENERATE:-}" ]; then
                cp "$work/picture" "$stored"
            elif ! cmp -s "$stored" "$work/picture"; then
                echo "FAIL ${stored##*/} is out of date; make pictures"
                exit 1
            fi
        done
    done
done || failed=1
exit $failed
