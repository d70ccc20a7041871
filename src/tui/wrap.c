#include "tui/wrap.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX = 1024 };

/* Bytes of the text, as far as a line can hold them. */
static size_t line_rest(const char *text) {
    const char *end = memchr(text, '\0', LINE_MAX - 1);
    return end ? (size_t)(end - text) : LINE_MAX - 1;
}

/* The longest start of `text` that ends at a blank and takes at most `width` cells, in bytes; at least one
 * word. */
static size_t line_length(const char *text, int width) {
    char line[LINE_MAX];
    size_t best = 0;
    for (size_t i = 1; i < sizeof line; i++) {
        if (text[i] != ' ' && text[i] != '\0')
            continue;
        memcpy(line, text, i);
        line[i] = '\0';
        if (best > 0 && text_width(line) > width)
            break;
        best = i;
        if (text[i] == '\0')
            break;
    }
    return best > 0 ? best : line_rest(text);
}

static int wrap(struct canvas *c, struct rect r, const char *text, enum role role) {
    int rows = 0;
    while (*text && rows < r.h) {
        char line[LINE_MAX];
        size_t n = line_length(text, r.w);
        if (rows == r.h - 1)
            n = line_rest(text); /* the last row: all that is left, cut by the canvas */
        memcpy(line, text, n);
        line[n] = '\0';
        if (c)
            canvas_text(c, r.x, r.y + rows, r.w, line, role);
        rows++;
        text += n;
        while (*text == ' ')
            text++;
    }
    return rows;
}

int wrap_text(struct canvas *c, struct rect r, const char *text, enum role role) {
    return r.w > 0 ? wrap(c, r, text, role) : 0;
}

int wrap_rows(int width, const char *text) {
    return width > 0 ? wrap(NULL, (struct rect){0, 0, width, 1000}, text, ROLE_TEXT) : 0;
}

void text_add(char *buf, size_t size, const char *format, ...) {
    size_t used = strlen(buf);
    va_list args;
    va_start(args, format);
    if (used < size)
        vsnprintf(buf + used, size - used, format, args);
    va_end(args);
}

bool text_begins(const char *text, const char *part) {
    for (; *part; text++, part++)
        if (tolower((unsigned char)*text) != tolower((unsigned char)*part))
            return false;
    return true;
}

bool text_holds(const char *text, const char *part) {
    for (; *text; text++)
        if (text_begins(text, part))
            return true;
    return !*part;
}
