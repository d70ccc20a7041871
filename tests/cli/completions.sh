#!/bin/sh
# Help, manual, completions and tables agree: what one has, all have. The completions of bash are tried out.
. "${srcdir:-.}/tests/cli/lib.sh"
cd - >/dev/null || exit 99
dir=$(pwd)/completions
for file in moescope _moescope moescope.fish; do
    [ -s "$dir/$file" ] || { echo "no completions/$file here"; exit 99; }
done
has() { grep -q -e "$2" "$1" || fail "not in $1: $2"; }

for name in $("$program" help --options | tail -n +2 | cut -d, -f1) $("$program" help --fields | tail -n +2 | cut -d, -f1); do
    has completions/moescope "[\" ]--$name[\" ]"
    has completions/_moescope "'--$name\\["
    has completions/moescope.fish " -l $name "
done
for name in $("$program" help | sed -n '/^Commands/,/^Options/s/^  \([a-z]*\) .*/\1/p'); do
    has completions/moescope "\\b$name\\b"
    has completions/_moescope "'$name:"
    has completions/moescope.fish "__fish_use_subcommand -a $name "
    commands="$commands $name"
done
[ "$(echo $commands | wc -w)" -gt 10 ] || fail "the commands of the help: $commands"
for name in $("$program" help --figures | tail -n +2 | cut -d, -f1); do
    for file in moescope _moescope moescope.fish; do has completions/$file "\\b$name\\b"; done
done

# Every action is in the manual and, by the same lines, in the help of the explorer.
"$program" help --keys >"$work/keys"
actions=$(sed '1d; s/.*,"\([^"]*\)"$/\1/; s/^.*,\([a-z-]*\)$/\1/; s/,//g' "$work/keys")
[ "$(echo $actions | wc -w)" -gt 60 ] || fail "actions: $actions"
for id in $actions; do has man/moescope.1 "^Actions\\{0,1\\}: .*\\b$id\\b"; done
echo '?' >"$work/script"
"$program" snapshot --size 200x400 --script "$work/script" >"$work/help"
"$program" help --keys | sed "1d; s/^\"\([^\"]*\)\",/\1,/; s/,.*//; s/^'//" | while read -r keys; do
    grep -q -F -e "$keys" "$work/help" || fail "not in the explorer's help: $keys"
done
for name in set load view goal equal lock export; do
    has man/moescope.1 "^\\.It Ic .*: Ns $name "
    grep -q "│ *$name  " "$work/help" || fail "not in the explorer's help: $name"
done

# bash: words before the cursor, and what they become.
command -v bash >/dev/null 2>&1 || finish
bash -n completions/moescope || fail "bash does not read it"
complete() { # WORD BEFORE: candidates, sorted, on a line
    PATH=$(dirname "$program"):$PATH bash -c '. "$1"; _moescope moescope "$2" "$3"; printf "%s\n" "${COMPREPLY[@]}"' bash \
        "$dir/moescope" "$1" "$2" | sort | tr '\n' ' '
}
[ "$(complete --isl moescope)" = "--isl " ] || fail "--isl: $(complete --isl moescope)"
[ "$(complete ru moescope)" = "rules " ] || fail "ru: $(complete ru moescope)"
[ "$(complete h200-s --gpu)" = "h200-sxm " ] || fail "--gpu: $(complete h200-s --gpu)"
[ "$(complete '' --skew_kind)" = "file pareto uniform zipf " ] || fail "--skew_kind: $(complete '' --skew_kind)"
[ "$(complete '' --mouse)" = "off on " ] || fail "--mouse: $(complete '' --mouse)"
[ "$(complete tpot_m explain)" = "tpot_ms " ] || fail "explain: $(complete tpot_m explain)"
case $(complete deepseek --scenario-a) in *deepseek-v3-8xh200*) ;; *) fail "--scenario-a" ;; esac

for shell in zsh fish; do
    command -v $shell >/dev/null 2>&1 || continue
    [ $shell = zsh ] && file=_moescope || file=moescope.fish
    $shell -n "$dir/$file" || fail "$shell does not read $file"
done
finish
