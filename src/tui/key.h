/* Keys, whatever brings them: a terminal, a script, a test. A key is a Unicode character or one of these. */
#ifndef MOESCOPE_TUI_KEY_H
#define MOESCOPE_TUI_KEY_H

#include <stddef.h>

enum key {
    KEYCODE_NONE = 0, /* nothing was pressed */
    KEYCODE_TAB = 9, KEYCODE_ENTER = 13, KEYCODE_ESC = 27, KEYCODE_BACKSPACE = 127,
    KEYCODE_CTRL_R = 18, KEYCODE_CTRL_L = 12, KEYCODE_CTRL_U = 21,
    KEYCODE_UP = 0x110000, KEYCODE_DOWN, KEYCODE_LEFT, KEYCODE_RIGHT,
    KEYCODE_HOME, KEYCODE_END, KEYCODE_PAGE_UP, KEYCODE_PAGE_DOWN,
    KEYCODE_DELETE, KEYCODE_BACKTAB, KEYCODE_F1
};

/* "left", "tab", "ctrl-r", "x" -> key; KEYCODE_NONE if there is no such key. */
int key_from_name(const char *name);
/* key -> "left" as scripts write it, "" for what is no key; buf[KEY_NAME_LEN]. Returns buf. */
enum { KEY_NAME_LEN = 16 };
const char *key_to_name(int key, char *buf);

/* The names in the order of the table, NULL past the end: what a message lists as allowed. */
const char *key_table_name(size_t i);

#endif
