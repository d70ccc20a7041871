/* Models from the config.json that model hubs publish. Private to src/catalog. */
#ifndef MOESCOPE_CATALOG_CONFIG_JSON_H
#define MOESCOPE_CATALOG_CONFIG_JSON_H

#include "catalog/store.h"

/* The model in a config.json (or in the directory that holds one), read once and kept until the catalog is
 * closed. Dimensions only, no weights. NULL with "file: ..." in err[ERROR_LEN]: the file cannot be read, a
 * needed key is missing or out of range, or the architecture has a part that the physics does not model; that
 * part is named. */
const struct model *config_import(struct catalog *c, const char *path, char *err);

/* Whether a model reference is meant as a path rather than as the id of a preset. */
bool config_is_path(const char *reference);

#endif
