#include "tui/key.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tui/utf8.h"

static const struct key_row {
    const char *name;
    int key;
} keys[] = {
    {"up", KEYCODE_UP},
    {"down", KEYCODE_DOWN},
    {"left", KEYCODE_LEFT},
    {"right", KEYCODE_RIGHT},
    {"tab", KEYCODE_TAB},
    {"backtab", KEYCODE_BACKTAB},
    {"enter", KEYCODE_ENTER},
    {"esc", KEYCODE_ESC},
    {"home", KEYCODE_HOME},
    {"end", KEYCODE_END},
    {"pgup", KEYCODE_PAGE_UP},
    {"pgdn", KEYCODE_PAGE_DOWN},
    {"backspace", KEYCODE_BACKSPACE},
    {"delete", KEYCODE_DELETE},
    {"space", ' '},
    {"f1", KEYCODE_F1},
    {"ctrl-r", KEYCODE_CTRL_R},
    {"ctrl-l", KEYCODE_CTRL_L},
    {"ctrl-u", KEYCODE_CTRL_U},
};

enum { KEYS = sizeof keys / sizeof *keys };

int key_from_name(const char *name) {
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(keys[i].name, name) == 0)
            return keys[i].key;
    uint32_t glyph = utf8_next(&name);
    return glyph > ' ' && glyph != KEYCODE_BACKSPACE && glyph != UTF8_REPLACEMENT && *name == '\0'
               ? (int)glyph
               : KEYCODE_NONE;
}

const char *key_to_name(int key, char *buf) {
    for (size_t i = 0; i < KEYS; i++)
        if (keys[i].key == key) {
            snprintf(buf, KEY_NAME_LEN, "%s", keys[i].name);
            return buf;
        }
    buf[0] = '\0';
    if (key > ' ' && key < KEYCODE_UP)
        utf8_encode((uint32_t)key, buf);
    return buf;
}

const char *key_table_name(size_t i) {
    return i < KEYS ? keys[i].name : NULL;
}
