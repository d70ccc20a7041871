/* Where records go: a copy of standard output, while descriptor 1 itself points at standard error, so that no
 * library's chatter gets between them. One write(2) a record; threads take turns. */
#ifndef MOESCOPE_CUDA_CHANNEL_H
#define MOESCOPE_CUDA_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "cuda/record.h"

bool channel_open(void);
void channel_send(struct record *r);                /* ends it; a reader that has gone asks the run to stop */
void channel_raw(const char *bytes, size_t length); /* for injected faults */
void channel_mute(void);                            /* for an injected fault: nothing more is sent */
double channel_silence(void);                       /* seconds since the last record */

#endif
