/* Everything that a key can do: one table. The key bar, the help overlay and the man page are loops over it.
 */
#ifndef MOESCOPE_TUI_ACTIONS_H
#define MOESCOPE_TUI_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/ui_state.h"

enum { ACTION_KEYS = 12, KEYCODE_PRINTABLE = -1 }; /* stands for any character that can be typed */

struct action {
    const char *id;
    unsigned modes;       /* set of 1 << enum mode */
    int key[ACTION_KEYS]; /* 0 ends */
    int argument;         /* for the function: a direction, a step */
    void (*run)(struct ui *u, const struct action *a, int key);
    const char *keys; /* as people read them; NULL: a row that shares the line of the one before */
    const char *bar;  /* key and short word for the key bar, or NULL */
    const char *group, *help;
    int rank; /* in the key bar: 1 stays longest when the screen is narrow */
};

/* Row i of the table, or NULL past the end. */
const struct action *action_at(size_t i);

/* The action of a key in a mode, or NULL. `bound`: keys that the user has changed, or NULL. */
const struct action *action_find(const struct tui_keys *bound, enum mode mode, int key);

/* Does what the action with this id does, wherever the focus is. */
void action_run(struct ui *u, const char *id);

/* The keys of an action as people read them, and its words in the key bar, with the user's keys in them; buf[ACTION_TEXT].
 * Return buf, or NULL where the table has none. */
enum { ACTION_TEXT = 96 };
const char *action_keys(const struct tui_keys *bound, const struct action *a, char *buf);
const char *action_bar(const struct tui_keys *bound, const struct action *a, char *buf);

#endif
