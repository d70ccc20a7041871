#!/bin/sh
# The explorer in a real terminal: it draws, follows keys and sizes, stops and goes on, and gives the terminal back on
# every way out. Runs in tmux on a private socket; waits for what it expects to see instead of sleeping.
# Needs no terminal itself: stdin may be closed and TERM dumb. MOESCOPE names another program to test.

exec </dev/null
command -v tmux >/dev/null 2>&1 || { echo "no tmux here"; exit 77; }
LC_ALL=C.UTF-8
export LC_ALL
[ "$(locale charmap 2>/dev/null)" = UTF-8 ] || { echo "no C.UTF-8 locale here"; exit 77; }

# Nothing of the machine's or the user's may show; ASan's leak check needs ptrace and has its say elsewhere.
unset NO_COLOR ESCDELAY ENV TMUX
TERM=xterm-256color
srcdir=$(cd "${srcdir:-.}" && pwd)
program=${MOESCOPE:-./moescope}
case $program in */*) program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program") ;; esac
MOESCOPE_PRESETS=$srcdir/presets
fake=$(pwd)/tests/validate/fake_helper
dir=$(mktemp -d "${TMPDIR:-/tmp}/moescope-terminal.XXXXXX") || exit 99
HOME=$dir XDG_CONFIG_HOME=$dir XDG_DATA_HOME=$dir TMPDIR=$dir
export TERM HOME XDG_CONFIG_HOME XDG_DATA_HOME TMPDIR MOESCOPE_PRESETS

mux() { tmux -L "moescope-$$" -f /dev/null "$@"; }
trap 'mux kill-server 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM

# --- seeing and waiting ---------------------------------------------------------------------------------------

text() { mux capture-pane -p -t main; }
styled() { mux capture-pane -e -p -t main; }
pane() { mux display-message -p -t main "#{$1}"; }
keys() { mux send-keys -t main "$@"; }
line() { mux send-keys -t main -l "$1" && mux send-keys -t main C-j; } # C-j: ends a line in every terminal mode

shows() { text | grep -q -e "$1"; }
shows_not() { ! shows "$1"; }
is() { [ "$(pane "$1")" = "$2" ]; }
differs_from() { text >"$dir/now"; ! cmp -s "$dir/now" "$1"; }
same_as() { text >"$dir/now"; cmp -s "$dir/now" "$1"; }
figure() { text | sed -n "s/.*\\($1[^0-9]*[0-9.]*\\).*/\\1/p" | sed 1q; }
figure_changed() { [ -n "$2" ] && [ -n "$(figure "$1")" ] && [ "$(figure "$1")" != "$2" ]; }
at_prompt() { is alternate_on 0 && is pane_current_command sh; }

fail() {
    echo "FAILED: $1"
    text | sed 's/^/  | /'
    exit 1
}

# wait_for WHAT COMMAND...: until the command succeeds.
wait_for() {
    what=$1
    shift
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 400 ] || fail "$what"
        sleep 0.025
    done
    echo "ok: $what"
}

# A command of the shell, and its end: the line it leaves cannot be the echo of what was typed.
run() {
    count=$((${count:-0} + 1))
    line "$1; echo end'='$count"
    wait_for "$1" shows "end=$count\$"
}

start() {
    run clear
    run "stty -a >before"
    line "sh -c 'echo \$\$ >pid; exec ${1:+env $1 }\"\$0\"${2:+ $2}' $program"
    wait_for "starts ${1:-} ${2:-}" is alternate_on 1
    wait_for "draws" shows "$mark"
    settle
}

# Until two captures agree.
settle() {
    text >"$dir/last"
    until sleep 0.05 && same_as "$dir/last"; do
        text >"$dir/last"
    done
}

restored() {
    wait_for "$1: the shell is back" at_prompt
    is cursor_flag 1 || fail "$1: cursor hidden"
    is keypad_flag 0 || fail "$1: keypad mode on"
    is keypad_cursor_flag 0 || fail "$1: cursor key mode on"
    is mouse_any_flag 0 || fail "$1: mouse mode on"
    run "stty -a >after"
    cmp -s "$dir/before" "$dir/after" || { diff "$dir/before" "$dir/after"; fail "$1: terminal modes differ"; }
}

# --- the tests ------------------------------------------------------------------------------------------------

mark='batch' # stands on every screen that is large enough

mux start-server \; set-option -g status off \; set-option -g default-terminal screen-256color \; \
    set-option -g default-shell /bin/sh \; new-session -d -s main -x 80 -y 24 -c "$dir" "PS1='$ ' sh -i" ||
    { echo "tmux does not start here"; exit 77; }
wait_for "a shell" shows '^\$'
run "cd '$dir'; ulimit -c 0"

start
text >"$dir/first"
tpot=$(figure TPOT)
keys Right
wait_for "a slider's move changes a figure" figure_changed TPOT "$tpot"
settle
text >"$dir/moved"

mux resize-window -t main -x 120 -y 40
wait_for "a larger screen is drawn" differs_from "$dir/moved"
settle
text >"$dir/large"
mux resize-window -t main -x 70 -y 20
wait_for "a small one says need" shows '80 *[x×] *24'
wait_for "and have" shows '70 *[x×] *20'
mux resize-window -t main -x 120 -y 40
wait_for "back to the larger" same_as "$dir/large"
mux resize-window -t main -x 80 -y 24
wait_for "back to the first size" same_as "$dir/moved"

keys C-l
settle
same_as "$dir/moved" || fail "Ctrl-L changes the screen"

keys C-z
wait_for "Ctrl-Z stops it" at_prompt
is cursor_flag 1 || fail "stopped: cursor hidden"
run "stty -a >after"
cmp -s "$dir/before" "$dir/after" || fail "stopped: terminal modes differ"
mux resize-window -t main -x 120 -y 40
line fg
wait_for "fg goes on, in the size that it has now" same_as "$dir/large"
keys C-z
wait_for "Ctrl-Z stops it again" at_prompt
mux resize-window -t main -x 80 -y 24
line fg
wait_for "fg goes on in the old size" same_as "$dir/moved"
kill -STOP "$(cat "$dir/pid")"
wait_for "a stop without warning" is pane_current_command sh
line 'echo disturbed'
line fg
wait_for "fg repairs the screen" same_as "$dir/moved"
keys Right
wait_for "and keys are read" differs_from "$dir/moved"

styled >"$dir/colors"
keys q
wait_for "q asks: there are unsaved states" shows 'q again'
keys q
restored "q"

color=$(printf '\033\\[[0-9;]*\\(3[0-8]\\|4[0-8]\\|9[0-7]\\|10[0-7]\\)[;m]')
grep -q "$color" "$dir/colors" || fail "no colours by default"
start NO_COLOR=1
styled >"$dir/mono"
! grep -q "$color" "$dir/mono" || fail "NO_COLOR: colours"
text >"$dir/now"
cmp -s "$dir/now" "$dir/first" || fail "NO_COLOR: other text"
keys q
restored "NO_COLOR"

# The mouse, in the two forms that terminals report it in. Cells count from 0.
sgr() { mux send-keys -t main -l "$(printf '\033[<%d;%d;%dM\033[<%d;%d;%dm' "$1" $(($2 + 1)) $(($3 + 1)) "$1" $(($2 + 1)) $(($3 + 1)))"; }
old() { # a press, and for a button, not the wheel, its release: 3
    set -- "$1" "$(printf '%x %x' $((33 + $2)) $((33 + $3)))"
    # shellcheck disable=SC2086
    mux send-keys -t main -H 1b 5b 4d "$(printf '%x' $((32 + $1)))" $2
    # shellcheck disable=SC2086
    [ "$1" -ge 64 ] || mux send-keys -t main -H 1b 5b 4d 23 $2
}
click_twice() {
    $click 0 "$1" "$2"
    $click 0 "$1" "$2"
}
# What a busy machine may take apart, a report's bytes or two clicks, is sent again until it shows: CONDITION... -- ACTION...
insist() {
    what=$1 condition='' rounds=0
    shift
    while [ "$1" != -- ]; do
        condition="$condition '$1'"
        shift
    done
    shift
    while [ "$rounds" -lt 8 ]; do
        rounds=$((rounds + 1)) tries=0
        "$@"
        until eval "$condition"; do
            tries=$((tries + 1))
            [ "$tries" -lt 60 ] || break
            sleep 0.025
        done
        if eval "$condition"; then
            echo "ok: $what"
            return
        fi
    done
    fail "$what"
}
row_of() { text | grep -n -e "$1" | sed 's/:.*//;q'; }

for form in 'TERM=xterm-256color sgr' 'TERM=screen-256color old'; do
    click=${form##* }
    start "${form%% *}"
    wait_for "${form%% *}: the mouse is ours" is mouse_any_flag 1
    track=$(row_of '^▸batch') # counts from 1, so that this is the row below, from 0
    tpot=$(figure TPOT)
    insist "a click on a slider's track sets the value" figure_changed TPOT "$tpot" -- $click 0 15 "$track"
    insist "the wheel moves over the fields" shows '^▸input' -- $click 65 10 10 # down: to the next slider
    insist "and back" shows '^▸batch' -- $click 64 10 10
    at=$(($(row_of 'TPOT ms') - 1))
    insist "a double click opens the working of a figure" shows 'working: tpot_ms' -- click_twice 55 "$at"
    keys Escape
    wait_for "Esc closes it" shows_not 'working: tpot_ms'
    keys C-z
    wait_for "Ctrl-Z stops it" at_prompt
    is mouse_any_flag 0 || fail "stopped: mouse mode on"
    line fg
    wait_for "fg takes the mouse back" is mouse_any_flag 1
    kill -SEGV "$(cat "$dir/pid")"
    restored "SIGSEGV with the mouse on"
done
start '' '--mouse off'
is mouse_any_flag 0 || fail "--mouse off: mouse mode on"
keys q
restored "--mouse off"

# A size that a parent's shell has left behind is not the terminal's. Terminals without a second screen, or without
# colours, are given back too.
start 'LINES=50 COLUMNS=132'
text >"$dir/now"
cmp -s "$dir/now" "$dir/first" || fail "LINES and COLUMNS: another size"
keys q
restored "LINES and COLUMNS"
for term in linux vt100 vt220; do
    run clear
    line "TERM=$term '$program'"
    wait_for "TERM=$term" shows "$mark"
    settle
    text >"$dir/now"
    cmp -s "$dir/now" "$dir/first" || fail "TERM=$term: another screen"
    keys q
    wait_for "TERM=$term: the shell is back" at_prompt
    is scroll_region_lower 23 || fail "TERM=$term: scroll region"
    run "stty -a >after"
    cmp -s "$dir/before" "$dir/after" || fail "TERM=$term: terminal modes differ"
done

# Themes and glyphs change live: a ground of its own in high contrast, none in mono, ASCII in any locale.
start
keys T T
wait_for "high contrast" shows 'theme: high-contrast'
styled | grep -q '48;5;16' || fail "high contrast: no ground of its own"
keys T
wait_for "mono" shows 'theme: mono'
settle
styled >"$dir/mono"
! grep -q "$color" "$dir/mono" || fail "theme mono: colours"
keys G
wait_for "ASCII" shows 'glyphs: ASCII'
settle
text >"$dir/ascii"
[ -z "$(LC_ALL=C tr -d ' -~\n' <"$dir/ascii")" ] || fail "glyphs ASCII: more than ASCII"
keys q
restored "themes"

# A tour: paused, going on, to its end; then the keys are the explorer's again. Another is taken over, another left.
start '' 'play five-minutes --speed 4'
wait_for "a caption" shows 'Two ways to serve'
keys Space
wait_for "the tour is paused" shows 'paused: Space goes on'
keys Space
wait_for "it goes on" shows 'other keys take over'
keys Right
wait_for "a key takes over" shows_not 'Two ways to serve'
keys q q
restored "a tour taken over"
start '' 'play five-minutes --speed 1000'
wait_for "the tour's end" shows 'the explorer is yours'
keys Right
wait_for "the caption goes" shows_not 'the explorer is yours'
keys q q
restored "a tour played to its end"
start '' 'play five-minutes'
wait_for "a caption" shows 'Two ways to serve'
mux resize-window -t main -x 100 -y 30
wait_for "resized in the middle of a caption" shows '─┘'
mux resize-window -t main -x 80 -y 24
wait_for "and back" shows_not '─┘'
keys Escape
wait_for "Esc leaves the tour, not the explorer" shows_not 'Two ways to serve'
keys q
restored "a tour left"

# Lines for a screen reader: no second screen, the cursor behind the last line, the modes given back, also by ^C.
run clear
run "stty -a >before"
for end in 'q q' C-c; do
    run clear
    line "'$program' --plain"
    wait_for "the focus is named" shows 'A, workload, batch: 32 seq'
    is alternate_on 0 || fail "--plain: a second screen"
    keys Right
    wait_for "a change is told" shows 'A batch 32 to 64'
    # shellcheck disable=SC2086
    keys $end
    restored "--plain, $end"
done

start LC_ALL=C
text >"$dir/ascii"
keys q
restored "C locale"
[ -z "$(LC_ALL=C tr -d ' -~\n' <"$dir/ascii")" ] || fail "C locale: more than ASCII"
grep -q -e '-----' "$dir/ascii" || fail "C locale: no lines"
grep -q '[%#][%#]' "$dir/ascii" || fail "C locale: no bars"

for signal in HUP INT QUIT TERM SEGV ABRT BUS; do
    start
    kill -$signal "$(cat "$dir/pid")"
    restored "SIG$signal"
    shows_not "$mark" || fail "SIG$signal: the screen stayed"
done

# A view that takes long to work out: drawn without another key once it is in, resized and left while it is worked on.
start "" "--model deepseek-v3 --gpu h200-sxm --gpus 64 --tp 1 --dp 32 --ep 32 --batch 4096 --skew-kind zipf --skew 0.8"
keys '>' '>' '>' '>' '>' '>'
wait_for "the frontier comes by itself" shows 'B as set'
settle
ticks() { awk '{ print $14 + $15 }' "/proc/$(cat "$dir/pid")/stat" 2>/dev/null; }
before=$(ticks)
sleep 1
[ "$(ticks)" = "$before" ] || fail "the frontier's worker is not idle when it is done"
keys Right
mux resize-window -t main -x 120 -y 40
wait_for "resized while it is worked on" shows 'A as set  ── B  ╌╌ B as set *│'
mux resize-window -t main -x 80 -y 24
wait_for "and back" shows_not 'B as set *│'
keys Right q
wait_for "asked" shows 'unsaved session'
keys q
restored "left while it is worked on"

run clear
run "TERM=dumb '$program' 2>message; echo status=\$?"
shows '^status=[1-9]' || fail "TERM=dumb: status 0"
grep -q 'TERM=dumb' "$dir/message" || fail "TERM=dumb: no message"
run clear
run "TERM=no-such-terminal '$program' 2>message; echo status=\$?"
shows '^status=[1-9]' || fail "unknown TERM: status 0"
grep -q 'no-such-terminal' "$dir/message" || fail "unknown TERM: no message"
at_prompt || fail "without a usable TERM: the terminal was changed"

# Measuring: keys go on while the helper runs, x and q end it, and one that breaks is a line on the screen.
if [ -x "$fake" ]; then
    FAKE_PID=$dir/helper
    printf 'FAKE_PID=%s exec %s slow "$@"\n' "$FAKE_PID" "$fake" >"$dir/slow"
    printf 'exec %s crash "$@"\n' "$fake" >"$dir/crash"
    chmod +x "$dir/slow" "$dir/crash"
    helper_gone() { [ -s "$FAKE_PID" ] && ! kill -0 "$(cat "$FAKE_PID")" 2>/dev/null; }
    start '' "--helper $dir/slow"
    keys v
    wait_for "v measures" shows "x cancels"
    wait_for "what was measured" shows "read 256 MB"
    keys j
    wait_for "a key while measuring" shows "▸stream"
    keys x
    wait_for "x cancels" shows "measuring was cancelled"
    wait_for "the cancelled helper is gone" helper_gone
    rm -f "$FAKE_PID"
    keys v
    wait_for "v measures again" test -s "$FAKE_PID"
    keys q
    restored "q while measuring"
    wait_for "the helper is gone with the explorer" helper_gone
    start '' "--helper $dir/crash"
    keys v
    wait_for "a broken helper is told" shows "before its last record"
    keys '<'
    wait_for "and the explorer goes on" shows "▸Layouts"
    keys q
    restored "after a broken helper"
fi

if "$program" </dev/null >"$dir/out" 2>"$dir/message"; then
    fail "no terminal: status 0"
fi
grep -q 'terminal' "$dir/message" || fail "no terminal: no message"
[ ! -s "$dir/out" ] || fail "no terminal: something was drawn"
echo "all well"
