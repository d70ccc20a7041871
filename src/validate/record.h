/* Records of the validation helper (cuda/protocol.h): bytes to lines, lines to kinds and fields. Whatever the bytes are, the
 * outcome is one of these; nothing is believed before it has been read whole. */
#ifndef MOESCOPE_VALIDATE_RECORD_H
#define MOESCOPE_VALIDATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol.h"

enum record_kind {
    RECORD_HELLO, RECORD_PLAN, RECORD_ENV, RECORD_BEGIN, RECORD_PROGRESS, RECORD_SAMPLE, RECORD_CHECK, RECORD_RESULT,
    RECORD_FIT, RECORD_TELEMETRY, RECORD_WARN, RECORD_SKIP, RECORD_ERROR, RECORD_END,
    RECORD_UNKNOWN /* of a later helper: passed over */
};

enum { RECORD_FIELDS_MAX = 64 };

struct record {
    enum record_kind kind;
    int n;
    const char *key[RECORD_FIELDS_MAX], *value[RECORD_FIELDS_MAX]; /* into `text` */
    char text[PROTOCOL_LINE_MAX];
};

/* Reads one line of `length` bytes, without its newline. False with what is wrong in err[ERROR_LEN]: no kind, a field
 * without '=', a broken percent escape, a control byte, too many fields. */
bool record_parse(const char *line, size_t length, struct record *r, char *err);

/* The value of a key, "" when absent. */
const char *record_text(const struct record *r, const char *key);

/* The value of a key as a number, NAN when absent. False with err when it is there and is no finite number. */
bool record_number(const struct record *r, const char *key, double *value, char *err);

/* Bytes on their way to lines. Zero-initialised. */
struct record_reader {
    char line[PROTOCOL_LINE_MAX];
    size_t used;
    bool too_long; /* the line being read; it is dropped up to its newline */
};

enum record_line { RECORD_LINE_NONE, RECORD_LINE, RECORD_LINE_TOO_LONG };

/* Takes bytes from *data up to the next newline. RECORD_LINE: reader->line holds `*length` bytes. */
enum record_line record_next_line(struct record_reader *reader, const char **data, size_t *n, size_t *length);

#endif
