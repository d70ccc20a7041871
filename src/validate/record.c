#include "validate/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "catalog/number.h"
#include "core/scenario.h"

static const char *const kinds[] = {
    PROTOCOL_HELLO,  PROTOCOL_PLAN, PROTOCOL_ENV,       PROTOCOL_BEGIN, PROTOCOL_PROGRESS, PROTOCOL_SAMPLE, PROTOCOL_CHECK,
    PROTOCOL_RESULT, PROTOCOL_FIT,  PROTOCOL_TELEMETRY, PROTOCOL_WARN,  PROTOCOL_SKIP,     PROTOCOL_ERROR,  PROTOCOL_END,
};

/* --- lines --- */

enum record_line record_next_line(struct record_reader *reader, const char **data, size_t *n, size_t *length) {
    while (*n > 0) {
        char c = **data;
        ++*data, --*n;
        if (c != '\n') {
            if (reader->used == sizeof reader->line - 1) /* the newline counts too */
                reader->too_long = true;
            else
                reader->line[reader->used++] = c;
            continue;
        }
        bool whole = !reader->too_long;
        *length = reader->used;
        reader->used = 0;
        reader->too_long = false;
        return whole ? RECORD_LINE : RECORD_LINE_TOO_LONG;
    }
    return RECORD_LINE_NONE;
}

/* --- fields --- */

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; a NUL has no place in a text, so %00 is refused. */
static bool unescape(char *text) {
    char *out = text;
    for (const char *in = text; *in; in++) {
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex(in[1]), low = high < 0 ? -1 : hex(in[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *out++ = (char)(high * 16 + low);
        in += 2;
    }
    *out = '\0';
    return true;
}

/* Bytes of a helper must not reach the terminal as they are. */
static bool refuse(const char *what, const char *text, char *err) {
    int used = snprintf(err, ERROR_LEN, "%s: '", what);
    for (int i = 0; text[i] && i < 60; i++)
        err[used++] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
    snprintf(err + used, (size_t)(ERROR_LEN - used), "'");
    return false;
}

static bool is_kind(const char *text) {
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    return n > 0 && text[n] == '\0';
}

static bool has_control(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
            return true;
    return false;
}

static bool add_field(struct record *r, char *field, char *err) {
    char *equals = strchr(field, '=');
    if (!equals || equals == field)
        return refuse("a field without a key and '='", field, err);
    if (r->n == RECORD_FIELDS_MAX)
        return refuse("more than 64 fields in a record", r->text, err);
    *equals = '\0';
    if (!unescape(equals + 1))
        return refuse("a broken percent escape", equals + 1, err);
    r->key[r->n] = field;
    r->value[r->n++] = equals + 1;
    return true;
}

bool record_parse(const char *line, size_t length, struct record *r, char *err) {
    size_t n = length < sizeof r->text ? length : sizeof r->text - 1;
    memcpy(r->text, line, n);
    r->text[n] = '\0';
    r->n = 0;
    if (n != length || has_control(line, length))
        return refuse("no record", r->text, err);
    char *rest = strchr(r->text, '\t');
    if (rest)
        *rest++ = '\0';
    if (!is_kind(r->text))
        return refuse("no record", r->text, err);
    r->kind = RECORD_HELLO;
    while (r->kind < RECORD_UNKNOWN && strcmp(kinds[r->kind], r->text) != 0)
        r->kind++;
    while (rest) {
        char *field = rest;
        rest = strchr(field, '\t');
        if (rest)
            *rest++ = '\0';
        if (!add_field(r, field, err))
            return false;
    }
    return true;
}

const char *record_text(const struct record *r, const char *key) {
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->key[i], key) == 0)
            return r->value[i];
    return "";
}

bool record_number(const struct record *r, const char *key, double *value, char *err) {
    const char *text = record_text(r, key);
    *value = NAN;
    if (!*text || number_read(text, value))
        return true;
    snprintf(err, ERROR_LEN, "%s of a record %s: found '%.40s'; a finite number is wanted", key,
             r->kind < RECORD_UNKNOWN ? kinds[r->kind] : "", text);
    *value = NAN;
    return false;
}
