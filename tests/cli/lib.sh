# Shared by the tests of the command line: where the program is, a folder of one's own, checks that say what they saw.
# shellcheck shell=sh

exec </dev/null
LC_ALL=C
export LC_ALL
unset NO_COLOR SOURCE_DATE_EPOCH POSIXLY_CORRECT
srcdir=$(cd "${srcdir:-.}" && pwd)
program=${MOESCOPE:-./moescope}
case $program in */*) program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program") ;; esac
json_check=$(pwd)/tests/unit/json_check
MOESCOPE_PRESETS=${MOESCOPE_PRESETS:-$srcdir/presets}
MOESCOPE_PRESETS=$(cd "$MOESCOPE_PRESETS" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/moescope-cli.XXXXXX") || exit 99
HOME=$work XDG_CONFIG_HOME=$work/config
export HOME XDG_CONFIG_HOME MOESCOPE_PRESETS
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
cd "$work" || exit 99

# Kept in a file: a check may run in the subshell of a pipe.
fail() {
    echo "FAIL: $*"
    echo "$*" >>"$work/failures"
}

# run STATUS ARGUMENTS...: standard output and error go to ./out and ./err.
run() {
    want=$1
    shift
    "$program" "$@" >out 2>err
    got=$?
    [ "$got" = "$want" ] || { fail "status $got instead of $want: $*"; head -3 err; }
}

# says FILE TEXT: a fixed string.
says() { grep -q -F -e "$2" "$1" || { fail "no '$2' in $1:"; head -5 "$1"; }; }
is_empty() { [ ! -s "$1" ] || { fail "$1 is not empty:"; head -3 "$1"; }; }
same() { cmp -s "$1" "$2" || { fail "$1 and $2 differ ($3)"; diff "$1" "$2" | head -5; }; }

# column NAME FILE: the cells of a column, without the header. For files without quoted cells.
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print c ? $c : "no column" }' "$2"
}

finish() {
    [ ! -e "$work/failures" ] || { echo "$(wc -l <"$work/failures") failed"; exit 1; }
    exit 0
}
