/* Measured loads of a model's experts, from a CSV file with the columns expert and count, or layer, expert and count.
 */
#ifndef MOESCOPE_CATALOG_ROUTING_FILE_H
#define MOESCOPE_CATALOG_ROUTING_FILE_H

#include "catalog/catalog.h"

/* Popularity of m's experts, most popular first, sums to 1. Of several layers each is sorted by itself and then the
 * mean is taken: which expert is hot differs from layer to layer, and the mean by id would level what each layer
 * suffers from. Read once; valid until catalog_close. NULL with file, line, field and what is allowed in
 * err[ERROR_LEN]. */
const double *routing_read(struct catalog *c, const char *path, const struct model *m, char *err);

/* Whether there is such a file; it is not read. False with what is allowed in err[ERROR_LEN]. */
bool routing_exists(const char *path, char *err);

#endif
