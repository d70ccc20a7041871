/* One line of the protocol, built in place. What does not fit is cut (text) or left out (numbers); a line is
 * never longer than PROTOCOL_LINE_MAX. */
#ifndef MOESCOPE_CUDA_RECORD_H
#define MOESCOPE_CUDA_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "cuda/protocol.h"

struct record {
    size_t length;
    char line[PROTOCOL_LINE_MAX];
};

void record_begin(struct record *r, const char *kind);
void record_text(struct record *r, const char *key, const char *value); /* NULL and "": left out */
void record_number(struct record *r, const char *key, double value);    /* nan, inf: left out */
void record_count(struct record *r, const char *key, uint64_t value);
void record_end(struct record *r); /* adds the newline */

#endif
