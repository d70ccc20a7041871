#include "cuda/record.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static size_t record_room(const struct record *r) { /* the newline has its place */
    return sizeof r->line - 1 - r->length;
}

static bool record_add(struct record *r, const char *text, size_t length) {
    if (length > record_room(r))
        return false;
    memcpy(r->line + r->length, text, length);
    r->length += length;
    return true;
}

void record_begin(struct record *r, const char *kind) {
    r->length = 0;
    record_add(r, kind, strlen(kind));
}

static bool record_key(struct record *r, const char *key) {
    char text[64];
    int length = snprintf(text, sizeof text, "\t%s=", key);
    return length < (int)sizeof text && record_add(r, text, (size_t)length);
}

void record_text(struct record *r, const char *key, const char *value) {
    if (!value || !*value || !record_key(r, key))
        return;
    for (const unsigned char *at = (const unsigned char *)value; *at; at++) {
        char escaped[4];
        bool plain = *at >= 0x20 && *at != '%' && *at != '=';
        int length = snprintf(escaped, sizeof escaped, plain ? "%c" : "%%%02X", *at);
        if (!record_add(r, escaped, (size_t)length))
            return;
    }
}

/* A number whole or not at all: half a number is another number. */
static void record_value(struct record *r, const char *key, const char *value) {
    size_t before = r->length;
    if (!record_key(r, key) || !record_add(r, value, strlen(value)))
        r->length = before;
}

void record_number(struct record *r, const char *key, double value) {
    char text[32];
    if (!isfinite(value))
        return;
    snprintf(text, sizeof text, "%.*g", PROTOCOL_DIGITS, value);
    record_value(r, key, text);
}

void record_count(struct record *r, const char *key, uint64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    record_value(r, key, text);
}

void record_end(struct record *r) {
    r->line[r->length++] = '\n';
}
