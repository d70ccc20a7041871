/* From the keys of a config.json to the dimensions of a model. Private to src/catalog; empty without jansson.
 */
#ifndef MOESCOPE_CATALOG_CONFIG_READER_H
#define MOESCOPE_CATALOG_CONFIG_READER_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef HAVE_JANSSON

#include <jansson.h>
#include <stdbool.h>

#include "core/scenario.h"

/* One reading. A multimodal wrapper keeps the language model in an object of its own, the rest at the top. */
struct config {
    const json_t *root, *text;
    const char *path;
    const char *architecture; /* what the file calls itself */
    char *err;                /* [ERROR_LEN] */
};

/* The value of the first of the keys (separated by blanks; "a.b" looks inside an object) that is there and
 * not null: in the language model's object, else at the top. *key, if asked for, is the key's name. NULL when
 * there is none. */
const json_t *config_find(const struct config *c, const char *keys, char key[64]);

/* A whole number from low to high; a list whose entries are all the same counts as one number. *found tells
 * whether there was such a key; *value is left alone otherwise. False with err on any other value. */
bool config_integer(const struct config *c, const char *keys, int low, int high, int *value, bool *found);

/* A true "key": true; false when it is missing or anything else. */
bool config_is_true(const struct config *c, const char *key);
/* "key": false. */
bool config_is_false(const struct config *c, const char *key);
/* The string of the first key that has one, or "". */
const char *config_string(const struct config *c, const char *keys);

/* err = "file: architecture uses `what`, which is not modelled". Returns false. */
bool config_refuse(const struct config *c, const char *what);
/* err = "file: key 'k': ...". Returns false. */
bool config_bad_key(const struct config *c, const char *key, const char *what);

/* config_reader.c: everything. *m comes with id and name filled in; source is left to the caller. */
bool config_read_model(const json_t *root, const char *path, struct model *m, char *err);
/* config_unmodelled.c: false when the architecture has a part that the physics does not model; err names it.
 */
bool config_check_modelled(const struct config *c);
/* config_layers.c: how many layers are dense, and how many attend to a window only. */
bool config_read_dense_layers(const struct config *c, struct model *m);
bool config_read_windows(const struct config *c, struct model *m);
/* config_quant.c: native_dtype from the checkpoint's number type and quantisation. */
bool config_read_dtype(const struct config *c, struct model *m);

#endif
#endif
