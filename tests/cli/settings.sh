#!/bin/sh
# The user's settings: keys, options and defaults are taken; what is wrong is told with file and line, before any screen.
. "${srcdir:-.}/tests/cli/lib.sh"
mkdir -p config/moescope
file=config/moescope/config

run 0 snapshot # a missing file is fine
cp out plain

cat >$file <<'END'
# keys
key zoom Z
key zoom f1   # two of them
key help #

set glyphs ascii
default price 2.5
  default isl 2k
END
run 0 snapshot
is_empty err
LC_ALL=C grep -q '[^ -~]' out && fail "set glyphs ascii: more than ASCII"
cp out small
echo z >keys
run 0 snapshot --script keys
same small out "z has been taken from zoom"
for key in Z f1; do
    echo $key >keys
    run 0 snapshot --script keys
    cmp -s small out && fail "$key does not zoom"
done
echo 'type:#' >keys # a bare # would begin a comment
run 0 snapshot --script keys
says out "help"
run 0 snapshot --glyphs utf8 # the command line has the last word
LC_ALL=C grep -q '[^ -~]' out || fail "--glyphs does not win"
run 0 snapshot --journal j.csv
[ "$(column isl j.csv | tr '\n' ' ')" = "2000 2000 " ] || fail "default isl: $(column isl j.csv)"
run 0 snapshot --journal k.csv --isl 300 --b price=7
[ "$(column isl k.csv | tr '\n' ' ')" = "300 2000 " ] || fail "a flag wins over a default"
[ "$(column price k.csv | tail -1)" = 7 ] || fail "--b wins over a default"
run 0 snapshot --session k.csv --journal l.csv
[ "$(column isl l.csv | tr '\n' ' ')" = "300 2000 " ] || fail "a session file stays as it is"
run 0 eval --format csv # the settings are the explorer's
[ "$(column isl out)" = 512 ] || fail "eval read the settings"

wrong() { # LINE TEXT...: refused in line 2, with these texts
    printf '# settings\n%s\n' "$1" >$file
    shift
    run 2 snapshot
    is_empty out
    says err "$PWD/$file:2: "
    for text; do says err "$text"; done
}
wrong 'kye zoom Z' "'kye'" "key ACTION KEY, set OPTION VALUE, default FIELD VALUE"
wrong 'key zoom' "takes two words" "key ACTION KEY"
wrong 'key zoom Z y' "takes two words"
wrong 'key zom Z' "'zom' (did you mean 'zoom'?)"
wrong 'key zoom f99' "'f99'" "pgup"
wrong 'set theme pink' "'pink'" "auto dark light high-contrast mono"
wrong 'set hue dark' "'hue'" "glyphs color mouse theme"
wrong 'set glyphs dots' "'dots'" "auto ascii block braille utf8"
wrong 'set mouse maybe' "'maybe'" "on off"
wrong 'default batchh 3' "'batchh' (did you mean 'batch'?)"
wrong 'default batch 0' "'0'" "1 to 65536"
wrong 'default gpu h200-sxx' "h200-sxx" "h200-sxm"
wrong "set glyphs $(head -c 600 /dev/zero | tr '\0' x)" "too long"
printf 'key zoom Z\nkey undo Z\n' >$file
run 2 snapshot
says err "config:2: key 'Z' is bound to 'zoom' already"

rm $file
mkdir $file
run 1 snapshot
says err "$file"
rmdir $file
run 0 snapshot
same plain out "no settings again"
finish
