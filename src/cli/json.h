/* JSON out: one flat object at a time. Valid whatever the texts hold. */
#ifndef MOESCOPE_CLI_JSON_H
#define MOESCOPE_CLI_JSON_H

#include <stdbool.h>
#include <stdio.h>

/* Members of an object; begin, then members, then end. */
struct json {
    FILE *out;
    bool first;
};

void json_begin(struct json *j, FILE *out); /* { */
void json_end(struct json *j);              /* } */

void json_text(struct json *j, const char *key, const char *text); /* "" is a text; NULL is null */
void json_bool(struct json *j, const char *key, bool value);
/* Whole numbers as integers, others with the fewest digits that read back the same; NAN and infinity are
 * null. */
void json_number(struct json *j, const char *key, double value);

#endif
