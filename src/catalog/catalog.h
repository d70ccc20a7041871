/* Presets: models, GPUs, formats, links, calibration constants, ready-made scenarios. Read from CSV once,
 * then constant. Order of directories: the installed presets, $XDG_CONFIG_HOME/moescope (or
 * ~/.config/moescope), then --presets DIR. A row whose id is already known replaces it. */
#ifndef MOESCOPE_CATALOG_CATALOG_H
#define MOESCOPE_CATALOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/deployment.h"
#include "core/scenario.h"

struct catalog; /* opaque */

/* A ready-made scenario: a row of scenarios.csv. */
struct scenario_preset {
    char id[ID_LEN];
    char name[NAME_LEN];
    const char *note; /* what it shows, and where it comes from */
    struct scenario scenario;
};

/* Reads the presets. `preset_dir` is the directory of the shipped files (it must hold all of them),
 * `user_dir` and `extra_dir` may be NULL; of them only extra_dir must exist, and any of the files may be
 * missing. NULL on failure with "file:line: field 'x': ... (allowed ...)" in err[ERROR_LEN]. */
struct catalog *catalog_open(const char *preset_dir, const char *user_dir, const char *extra_dir, char *err);
void catalog_close(struct catalog *c); /* NULL is fine */

/* Rows in file order (replaced rows keep their place, new ones follow). */
size_t catalog_model_count(const struct catalog *c);
const struct model *catalog_model_at(const struct catalog *c, size_t i);
size_t catalog_gpu_count(const struct catalog *c);
const struct gpu *catalog_gpu_at(const struct catalog *c, size_t i);
size_t catalog_format_count(const struct catalog *c);
const struct format *catalog_format_at(const struct catalog *c, size_t i);
size_t catalog_link_count(const struct catalog *c);
const struct link *catalog_link_at(const struct catalog *c, size_t i);
size_t catalog_scenario_count(const struct catalog *c);
const struct scenario_preset *catalog_scenario_at(const struct catalog *c, size_t i);
const struct scenario_preset *catalog_find_scenario(const struct catalog *c, const char *id); /* or NULL */

/* The constants for a GPU: its own rows, else its family's, else the general ones. Never NULL. */
const struct calibration *catalog_calibration(const struct catalog *c, const struct gpu *gpu);

/* The constants of one of the catalog's links: its own rows, else its family's (nvlink, pcie, ...), else the general ones. */
const struct calibration *catalog_link_calibration(const struct catalog *c, const struct link *link);

/* The machine that this program runs on as a GPU of the list, id `host`: added behind the others, or replaced. */
void catalog_put_host(struct catalog *c, const struct gpu *host);

/* Lays constants measured on one GPU over all others: rows as in calibration.csv, read from `in` to its end (`name` is for
 * messages). What was laid before is taken away. False with err[ERROR_LEN] and nothing changed when a row is wrong. Pointers
 * to calibrations stay valid, what they point to changes: estimates must be made again. */
bool catalog_lay_measured(struct catalog *c, FILE *in, const char *name, char *err);
/* Counts with what was laid, or without: to compare. */
void catalog_use_measured(struct catalog *c, bool use);
/* The constants of a GPU, in the list or not, without what was laid. */
void catalog_default_calibration(const struct catalog *c, const struct gpu *gpu, struct calibration *out);
/* Whether anything was laid. */
bool catalog_has_measured(const struct catalog *c);
/* How many classes of constants were measured on this GPU and are in use. */
int catalog_measured_classes(const struct catalog *c, const struct gpu *gpu);

/* Turns a scenario into a deployment: looks ids up, reads a config.json named by `model` (kept, so that
 * pointers stay valid until catalog_close), fills defaults. Returns false with the field, what was found,
 * what is allowed and the nearest known id in err[ERROR_LEN]; *bad_field (may be NULL) is then the field's
 * index. Impossible layouts are not errors: the estimate says that they are infeasible. */
bool catalog_resolve(struct catalog *c, const struct scenario *s, struct deployment *d, char *err,
                     int *bad_field);

/* Whether the physics reads the field: in aggregated serving it leaves the prefill pool's alone. */
bool deployment_reads(const struct deployment *d, const struct field *f);

/* The value of a field after defaults: the text that a CSV cell shows. buf[VALUE_LEN]. Returns buf. */
const char *deployment_print(const struct deployment *d, const struct scenario *s, const struct field *f,
                             char *buf);

/* The allowed ids of a text field with choices, in slider order: for GPU all GPUs, for KV the formats that
 * suit the model, and so on. Index 0.. until NULL. `model` may be NULL. */
const char *catalog_choice(const struct catalog *c, const struct field *f, const struct model *model,
                           size_t i);

/* Where the shipped presets are: $MOESCOPE_PRESETS, else ../share/moescope/presets beside the running binary
 * (so that an installation may be moved), else the directory given to configure. */
const char *catalog_default_dir(void);
/* $XDG_CONFIG_HOME/moescope or ~/.config/moescope; NULL when neither variable is set. buf[len]. */
const char *catalog_user_dir(char *buf, size_t len);

#endif
