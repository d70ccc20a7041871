#include "catalog/catalog.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/articles.h"
#include "catalog/calibration.h"
#include "catalog/config_json.h"
#include "catalog/scenario_row.h"
#include "catalog/schema.h"
#include "catalog/store.h"

#ifndef PRESETS_DIR
#define PRESETS_DIR "/usr/local/share/moescope/presets"
#endif

/* --- reading ----------------------------------------------------------------------------------- */

/* A preset file being read from one directory. */
struct load {
    struct catalog *c;
    const struct schema *schema;
    struct store_list *list;
    unsigned layer; /* 0 for the shipped directory */
};

static bool put_row(const struct load *load, const struct csv_row *csv, const void *row, char *err) {
    if (!store_put(load->list, row, load->layer))
        return schema_refuse(csv, "id", "each id once in a file", err);
    return true;
}

static bool load_preset(const struct csv_row *csv, void *user, char *err) {
    const struct load *load = user;
    void *row = store_resize(NULL, 1, load->schema->row_size);
    const bool ok = schema_read_row(load->schema, load->c, csv, row, err) && put_row(load, csv, row, err);

    free(row);
    return ok;
}

static bool load_constant(const struct csv_row *csv, void *user, char *err) {
    const struct load *load = user;
    return calibration_read_row(load->c, csv, load->layer, err);
}

static const char scenario_file[] = "scenarios.csv";

static const struct column scenario_columns[] = {
    {.name = "id", .kind = CELL_ID, .offset = offsetof(struct scenario_preset, id), .required = true},
    {.name = "name",
     .kind = CELL_TEXT,
     .offset = offsetof(struct scenario_preset, name),
     .required = true,
     .max = NAME_LEN},
    {.name = "note", .kind = CELL_LONG, .offset = offsetof(struct scenario_preset, note)},
    {.name = NULL}};

static bool finish_scenario(struct catalog *c, const struct csv_row *csv, void *row, char *err) {
    struct scenario_preset *preset = row;
    struct deployment d;

    if (!scenario_from_row(csv, &preset->scenario, err))
        return false;
    /* A path is looked at when it is used: a file that has gone must not keep the program from starting. */
    if (config_is_path(preset->scenario.model) || *preset->scenario.routing_file)
        return true;
    return scenario_resolve_row(csv, c, &preset->scenario, &d, err);
}

static const struct schema schema_scenarios = {scenario_file, scenario_columns,
                                               sizeof(struct scenario_preset), finish_scenario};

/* Reads dir/name; a file that is missing is fine unless it must be there. */
static bool load_file(const char *dir, const char *name, bool must, csv_row_fn *on_row, struct load *load,
                      char *err) {
    char path[PATH_MAX];

    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path) {
        snprintf(err, ERROR_LEN, "%.300s/%s: the path is too long", dir, name);
        return false;
    }
    FILE *in = fopen(path, "r");
    if (!in && errno == ENOENT && !must)
        return true;
    if (!in) {
        snprintf(err, ERROR_LEN, "%.300s: %s%s", path, strerror(errno),
                 must ? "; the presets that come with moescope are needed (see MOESCOPE_PRESETS)" : "");
        return false;
    }
    const bool ok = csv_read(in, path, NULL, on_row, load, err);
    fclose(in);
    return ok;
}

/* Each file from all directories, before the next file: later files name the ids of earlier ones. */
static bool load_all(struct catalog *c, const char *const dirs[3], char *err) {
    const struct {
        const struct schema *schema;
        struct store_list *list;
    } files[] = {{&schema_formats, &c->formats},     {&schema_links, &c->links},
                 {&schema_gpus, &c->gpus},           {&schema_models, &c->models},
                 {NULL, NULL} /* calibration.csv */, {&schema_scenarios, &c->scenarios},
                 {&schema_articles, &c->articles}};

    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        const char *name = files[f].schema ? files[f].schema->file : "calibration.csv";
        for (unsigned layer = 0; layer < 3; layer++) {
            struct load load = {c, files[f].schema, files[f].list, layer};
            if (dirs[layer] && !load_file(dirs[layer], name, layer == 0,
                                          load.schema ? load_preset : load_constant, &load, err))
                return false;
        }
        if (!files[f].schema && !calibration_settle(c, name, err))
            return false;
        if (files[f].schema == &schema_gpus)
            store_reserve(&c->gpus, c->gpus.count + 1); /* the host, which may come when rows are pointed to */
        if (files[f].list && files[f].list->count == 0) {
            snprintf(err, ERROR_LEN, "%.300s/%s: there is no row in it", dirs[0], name);
            return false;
        }
    }
    return true;
}

struct catalog *catalog_open(const char *preset_dir, const char *user_dir, const char *extra_dir, char *err) {
    const char *const dirs[3] = {preset_dir, user_dir, extra_dir};
    struct catalog *c;

    if (extra_dir && access(extra_dir, R_OK | X_OK) != 0) {
        snprintf(err, ERROR_LEN, "%.300s: %s; --presets takes a directory with preset files", extra_dir,
                 strerror(errno));
        return NULL;
    }
    c = store_resize(NULL, 1, sizeof *c);
    memset(c, 0, sizeof *c);
    c->models.row_size = sizeof(struct model);
    c->gpus.row_size = sizeof(struct gpu);
    c->formats.row_size = sizeof(struct format);
    c->links.row_size = sizeof(struct link);
    c->scenarios.row_size = sizeof(struct scenario_preset);
    c->articles.row_size = sizeof(struct article_cell);
    if (!load_all(c, dirs, err)) {
        catalog_close(c);
        return NULL;
    }
    return c;
}

static void free_list(struct store_list *list) {
    free(list->rows);
    free(list->layer);
}

void catalog_close(struct catalog *c) {
    if (!c)
        return;
    while (c->imported) {
        struct imported *next = c->imported->next;
        free(c->imported);
        c->imported = next;
    }
    while (c->routings) {
        struct routing *next = c->routings->next;
        free(c->routings);
        c->routings = next;
    }
    for (size_t i = 0; i < c->n_texts; i++)
        free(c->texts[i]);
    free(c->texts);
    free(c->constants);
    free(c->measured);
    free(c->calibrated);
    free(c->link_calibrated);
    free_list(&c->models);
    free_list(&c->gpus);
    free_list(&c->formats);
    free_list(&c->links);
    free_list(&c->scenarios);
    free_list(&c->articles);
    free(c);
}

/* --- rows -------------------------------------------------------------------------------------- */

size_t catalog_model_count(const struct catalog *c) {
    return c->models.count;
}

const struct model *catalog_model_at(const struct catalog *c, size_t i) {
    return store_at(&c->models, i);
}

size_t catalog_gpu_count(const struct catalog *c) {
    return c->gpus.count;
}

const struct gpu *catalog_gpu_at(const struct catalog *c, size_t i) {
    return store_at(&c->gpus, i);
}

size_t catalog_format_count(const struct catalog *c) {
    return c->formats.count;
}

const struct format *catalog_format_at(const struct catalog *c, size_t i) {
    return store_at(&c->formats, i);
}

size_t catalog_link_count(const struct catalog *c) {
    return c->links.count;
}

const struct link *catalog_link_at(const struct catalog *c, size_t i) {
    return store_at(&c->links, i);
}

size_t catalog_scenario_count(const struct catalog *c) {
    return c->scenarios.count;
}

const struct scenario_preset *catalog_scenario_at(const struct catalog *c, size_t i) {
    return store_at(&c->scenarios, i);
}

const struct scenario_preset *catalog_find_scenario(const struct catalog *c, const char *id) {
    const size_t i = store_find(&c->scenarios, id);
    return i < c->scenarios.count ? catalog_scenario_at(c, i) : NULL;
}

const struct calibration *catalog_calibration(const struct catalog *c, const struct gpu *gpu) {
    const size_t i = gpu ? store_find(&c->gpus, gpu->id) : c->gpus.count;
    return c->calibrated && i < c->gpus.count ? &c->calibrated[i] : &c->general;
}

const struct calibration *catalog_link_calibration(const struct catalog *c, const struct link *link) {
    return &c->link_calibrated[store_find(&c->links, link->id)];
}

/* --- directories ------------------------------------------------------------------------------- */

/* ../share/moescope/presets beside the running binary: an installation that was moved finds its own files. */
static bool find_beside_binary(char *buf, size_t size) {
    static const char below[] = "/../share/moescope/presets";
    const ssize_t length = readlink("/proc/self/exe", buf, size - 1);

    if (length <= 0)
        return false;
    buf[length] = '\0';
    char *slash = strrchr(buf, '/');
    if (!slash || (size_t)(slash - buf) + sizeof below > size)
        return false;
    memcpy(slash, below, sizeof below);
    return access(buf, R_OK | X_OK) == 0;
}

const char *catalog_default_dir(void) {
    static char beside[PATH_MAX];
    const char *env = getenv("MOESCOPE_PRESETS");

    if (env && *env)
        return env;
    return find_beside_binary(beside, sizeof beside) ? beside : PRESETS_DIR;
}

const char *catalog_user_dir(char *buf, size_t len) {
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length;

    if (xdg && *xdg)
        length = snprintf(buf, len, "%s/moescope", xdg);
    else if (home && *home)
        length = snprintf(buf, len, "%s/.config/moescope", home);
    else
        return NULL;
    return length > 0 && (size_t)length < len ? buf : NULL;
}
