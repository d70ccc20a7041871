#!/bin/sh
# The walls between the rooms (which may include which), and what must not appear in a room at all.
set -eu
cd "${abs_srcdir:-$(dirname "$0")/..}"
bad=0

# room: rooms it may include besides itself
allowed() {
    case $1 in
    core) echo "" ;;
    catalog | explore) echo "core" ;;
    session | validate) echo "core catalog" ;;
    tui | cli) echo "core catalog explore session validate" ;;
    esac
}

for room in core catalog explore session validate tui cli; do
    for target in core catalog explore session validate tui cli; do
        test "$room" = "$target" && continue
        case " $(allowed $room) " in *" $target "*) continue ;; esac
        # cli knows one header of the screen
        if grep -n "#include \"$target/" src/$room/*.[ch] | grep -v "tui/tui_run.h"; then
            echo "src/$room must not include src/$target"
            bad=1
        fi
    done
    if test "$room" != tui && grep -nE '#include <(n?curses|term)' src/$room/*.[ch]; then
        echo "only src/tui includes curses"
        bad=1
    fi
    if test "$room" != cli && grep -nE '(^|[^_a-z])exit\(' src/$room/*.c | grep -vE '\*.*exit\(|_exit\('; then
        echo "only main exits: src/$room"
        bad=1
    fi
done
if grep -nE '#include <(stdlib|unistd|fcntl|time)\.h>' src/core/*.c | grep -v scenario.c; then
    echo "src/core does no I/O, takes no heap, has no clock"
    bad=1
fi
if grep -nE '\b(malloc|calloc|realloc|fopen|printf|getenv)\(' src/core/*.c; then
    echo "src/core does no I/O and takes no heap"
    bad=1
fi
if grep -nE '#include "' cuda/*.[ch] | grep -vE '#include "(cuda/|config\.h)'; then
    echo "cuda includes nothing of src"
    bad=1
fi
if grep -rnE '#include "cuda/' src | grep -v '"cuda/protocol\.h"'; then
    echo "src knows the helper by its protocol alone"
    bad=1
fi
if grep -nE '#include' cuda/protocol.h; then
    echo "cuda/protocol.h includes nothing, so that either side can take it alone"
    bad=1
fi
exit $bad
