#!/bin/sh
# The manual has every flag, field, figure and command, and is clean mdoc.
. "${srcdir:-.}/tests/cli/lib.sh"
cd - >/dev/null || exit 99
page=man/moescope.1
[ -f $page ] || { echo "no $page here"; exit 99; }

has() { grep -q -e "$1" $page || fail "not in the manual: $1"; }
for id in $("$program" help --fields | tail -n +2 | cut -d, -f1); do has "^\\.It Fl -$id Ar "; done
for id in $("$program" help --figures | tail -n +2 | cut -d, -f1); do has "^\\.It Va $id"; done
for name in $("$program" help --options | tail -n +2 | cut -d, -f1); do has "^\\.It.* Fl -$name"; done
for command in explore eval explain snapshot play tour rules laws models gpus formats links scenarios reproduce validate help; do has "^\\.It Ic $command"; done
for id in memory critical-batch comm_ms; do has "^\\.It Va $id"; done
grep -q '@[A-Z_]*@' $page && fail "a word of the template is left"
for section in NAME SYNOPSIS DESCRIPTION OPTIONS KEYS FIELDS FIGURES VALIDATION ENVIRONMENT FILES 'EXIT STATUS' EXAMPLES ACCURACY 'SEE ALSO'; do
    has "^\\.Sh $section\$"
done
if command -v mandoc >/dev/null 2>&1; then
    for file in $page "$srcdir/man/moescope-presets.5" "$srcdir/man/moescope-validate.1"; do
        mandoc -Tlint -Wwarning "$file" || fail "mandoc on $file"
    done
fi
finish
