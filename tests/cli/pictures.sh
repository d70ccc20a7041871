#!/bin/sh
# Pictures: SVG that an XML parser takes, in every theme and state, and the files that `s` leaves.
. "${srcdir:-.}/tests/cli/lib.sh"

if command -v xmllint >/dev/null 2>&1; then
    parse() { xmllint --noout --nonet "$1"; }
elif python3 -c 'import xml.dom.minidom' 2>/dev/null; then
    parse() { python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$1"; }
else
    echo "no XML parser here: that the pictures are well formed is not looked at"
    parse() { :; }
fi

for theme in dark light high-contrast mono; do
    for size in 80x24 100x30 200x60 20x5; do
        run 0 snapshot --theme "$theme" --size "$size" --format svg
        parse out || fail "$theme at $size is no XML"
    done
done
for words in '> > show >' '? end' 'p type:<&"' 'tab enter' '9 type:99999999 enter'; do
    echo "$words" >script
    run 0 snapshot --script script --format svg
    parse out || fail "after '$words' it is no XML"
    grep -E '(href|url\(|@import|<(image|script|foreignObject))' out && fail "the picture leans on something outside"
done
run 0 snapshot --format svg --theme light
says out 'fill="#ffffff"/>'
run 0 snapshot --glyphs ascii --format svg
grep -q '[^ -~]' out && fail "a glyph outside ASCII in the ASCII set"

echo "s" >script
run 0 snapshot --script script
says out 'picture written to moescope-'
[ "$(ls moescope-* | wc -l)" = 3 ] || fail "three files, not: $(ls moescope-*)"
parse moescope-*.svg || fail "the picture of s is no XML"
run 0 snapshot
same out "$(ls moescope-*.txt)" "s writes the screen as it is"
run 0 snapshot --format ansi
same out "$(ls moescope-*.ansi)" "and in colour"
run 0 snapshot --script script
[ "$(ls moescope-* | wc -l)" = 6 ] || fail "a picture was overwritten"
finish
