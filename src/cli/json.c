#include "cli/json.h"

#include <math.h>

#include "core/scenario.h"

/* Bytes of the UTF-8 character at p, 0 if they are none: stray, overlong, surrogate or too large. */
static int utf8_length(const unsigned char *p) {
    static const struct {
        unsigned char low, high;   /* first byte */
        unsigned char low2, high2; /* second byte */
        int length;
    } forms[] = {{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (p[0] < forms[i].low || p[0] > forms[i].high)
            continue;
        if (forms[i].length > 1 && (p[1] < forms[i].low2 || p[1] > forms[i].high2))
            return 0;
        for (int k = 2; k < forms[i].length; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

/* Bytes that are no UTF-8 become U+FFFD: a JSON text with them would be refused as a whole. */
static void write_string(FILE *out, const char *text) {
    putc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        int length = utf8_length(p);
        if (length == 0)
            fputs("\\ufffd", out);
        else if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f)
            fprintf(out, "\\u%04x", *p);
        else
            fwrite(p, 1, (size_t)length, out);
        p += length ? length : 1;
    }
    putc('"', out);
}

static void write_key(struct json *j, const char *key) {
    if (!j->first)
        putc(',', j->out);
    j->first = false;
    write_string(j->out, key);
    putc(':', j->out);
}

void json_begin(struct json *j, FILE *out) {
    j->out = out;
    j->first = true;
    putc('{', out);
}

void json_end(struct json *j) {
    putc('}', j->out);
}

void json_text(struct json *j, const char *key, const char *text) {
    write_key(j, key);
    if (text)
        write_string(j->out, text);
    else
        fputs("null", j->out);
}

void json_bool(struct json *j, const char *key, bool value) {
    write_key(j, key);
    fputs(value ? "true" : "false", j->out);
}

void json_number(struct json *j, const char *key, double value) {
    char text[VALUE_LEN];
    write_key(j, key);
    fputs(isfinite(value) ? number_print(value, text) : "null", j->out);
}
