#!/bin/sh
# The command line itself: commands, general options, what is refused and how.
. "${srcdir:-.}/tests/cli/lib.sh"

run 0 --version
says out "moescope "
run 0 -V
run 0 --help
for command in explore eval snapshot models gpus formats links scenarios help; do
    says out "  $command "
    run 0 help "$command"
    says out "Usage: moescope $command"
    run 0 "$command" --help
    says out "--help"
    run 0 --help
done
for table in --fields --figures --options; do
    run 0 help $table
    [ "$(wc -l <out)" -ge 10 ] || fail "help $table is short"
done

refused() { # TEXT ARGUMENTS...
    text=$1
    shift
    run 2 "$@"
    is_empty out
    says err "$text"
}
refused "did you mean '--isl'" eval --isx 5
refused "did you mean '--weights_experts'" eval --weights_expert=bf16x --weights_expets=bf16
refused "unknown option '--qqqqqqqqqq'" eval --qqqqqqqqqq
refused "did you mean 'eval'" evl
refused "needs a value" eval --isl
refused "takes no value" eval --version=3
refused "does not go with 'moescope eval'" eval --journal x.csv
refused "does not go with 'moescope gpus'" gpus --size 80x24
refused "takes no scenario fields" models --isl 5
refused "unexpected argument 'mixtral-8x7b'" eval mixtral-8x7b
refused "allowed: table, csv, json" eval --format xml
refused "allowed: text, roles, ansi, svg, plain" snapshot --format xml
refused "allowed: auto, ascii, block, braille, utf8" snapshot --glyphs latin1
refused "allowed: auto, dark, light, high-contrast, mono" snapshot --theme pink
refused "allowed: auto, never, always" snapshot --color sometimes
refused "allowed: 1x1 to 1000x1000" snapshot --size 80
refused "allowed: 1x1 to 1000x1000" snapshot --size 80x24x7
refused "has no '='" snapshot --b isl
refused "did you mean 'isl'" snapshot --b isx=5
refused "--b isl: '0'" snapshot --b isl=0
refused "scenario B" snapshot --b model=nothing-like-it
refused "no scenario 'nothing'" snapshot --scenario-a nothing
refused "leave out --scenario-a" snapshot --session x.csv --scenario-a nothing
refused "no-such-gpu" eval --gpu no-such-gpu

# What is not there is the environment's fault, not the input's.
run 1 eval --scenarios no-such-file.csv
says err no-such-file.csv
run 1 eval --presets no-such-folder
says err no-such-folder
run 1 snapshot --session no-such-file.csv
run 1 snapshot --script no-such-file
run 1 snapshot --journal no-such-folder/journal.csv
MOESCOPE_PRESETS=/no/such/folder run 1 eval
says err MOESCOPE_PRESETS

# The explorer wants a terminal and says what else there is.
run 1
is_empty out
says err "moescope eval"
says err "moescope snapshot"

# Options before, between and behind, also where getopt was told to stop at the first operand.
run 0 eval --isl 99 --format csv
mv out want
POSIXLY_CORRECT=1 run 0 --isl 99 eval --format csv
same want out "order of arguments"
run 0 --format=csv -- eval
says out mixtral-8x7b

# Presets of one's own.
mkdir mine config config/moescope
head -1 "$MOESCOPE_PRESETS/scenarios.csv" >mine/scenarios.csv
{ cat mine/scenarios.csv; echo "mine,Mine,mixtral-8x7b"; } >mine/new.csv && mv mine/new.csv mine/scenarios.csv
run 0 scenarios --presets mine --format csv
says out "mine,Mine"
cp mine/scenarios.csv config/moescope/
run 0 scenarios --format csv
says out "mine,Mine"
echo "bad,Bad,no-such-model" >>config/moescope/scenarios.csv
run 2 scenarios
is_empty out
says err "scenarios.csv:3"
finish
