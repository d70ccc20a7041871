#include "catalog/config_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "catalog/config_reader.h"
#include "catalog/schema.h"

bool config_is_path(const char *reference) {
    static const char suffix[] = ".json";
    const size_t length = strlen(reference), tail = sizeof suffix - 1;
    return strchr(reference, '/') || (length > tail && strcmp(reference + length - tail, suffix) == 0);
}

#ifdef HAVE_JANSSON

enum { CONFIG_MAX = 16 * 1024 * 1024 };

/* The whole file as a NUL-terminated text, or NULL. */
static char *read_file(const char *path, char *err) {
    FILE *in = fopen(path, "rb");
    char *text = NULL;
    size_t used = 0;

    if (!in) {
        snprintf(err, ERROR_LEN, "%.300s: %s", path, strerror(errno));
        return NULL;
    }
    do {
        if (used % BUFSIZ == 0)
            text = store_resize(text, used + BUFSIZ + 1, 1);
        used += fread(text + used, 1, BUFSIZ - used % BUFSIZ, in);
    } while (!feof(in) && !ferror(in) && used < CONFIG_MAX);
    text[used] = '\0';
    if (ferror(in) || used >= CONFIG_MAX || strlen(text) != used) {
        snprintf(err, ERROR_LEN, "%.300s: %s", path,
                 ferror(in) ? strerror(errno) : "not a config.json (too large, or with NUL bytes in it)");
        free(text);
        text = NULL;
    }
    fclose(in);
    return text;
}

/* Python writes Infinity and NaN, which JSON does not know. No dimension is ever one: they become null, in
 * place. */
static void blank_python_numbers(char *text) {
    static const char *const words[] = {"-Infinity", "Infinity", "NaN"};
    bool quoted = false;

    for (char *p = text; *p; p++) {
        if (*p == '\\' && quoted && p[1])
            p++;
        else if (*p == '"')
            quoted = !quoted;
        for (size_t i = 0; !quoted && i < sizeof words / sizeof *words; i++) {
            const size_t length = strlen(words[i]);
            if (strncmp(p, words[i], length) == 0) {
                memset(p, ' ', length);
                memcpy(p, length >= 4 ? "null" : "0", length >= 4 ? 4 : 1);
            }
        }
    }
}

/* "Qwen--Qwen3-32B.json" -> "Qwen--Qwen3-32B", ".../Qwen3-32B/config.json" -> "Qwen3-32B": what people call
 * it. */
static void name_after_path(const char *path, char id[ID_LEN], char name[NAME_LEN]) {
    const char *base = strrchr(path, '/');
    const char *start = base ? base + 1 : path;
    size_t length = strcspn(start, "");

    if (base && base > path && strcmp(start, "config.json") == 0) {
        const char *end = base;
        for (start = end; start > path && start[-1] != '/';)
            start--;
        length = (size_t)(end - start);
    } else if (length > 5 && strcmp(start + length - 5, ".json") == 0) {
        length -= 5;
    }
    snprintf(name, NAME_LEN, "%.*s", (int)(length < NAME_LEN ? length : NAME_LEN - 1), start);
    snprintf(id, ID_LEN, "%.*s", (int)(length < ID_LEN ? length : ID_LEN - 1), start);
    for (char *p = id; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p))
            *p = '-';
}

static bool parse_file(const char *path, struct model *m, char *err) {
    char *text = read_file(path, err);
    json_error_t at;
    json_t *root;
    bool ok = false;

    if (!text)
        return false;
    blank_python_numbers(text);
    root = json_loads(text, JSON_REJECT_DUPLICATES, &at);
    if (!root)
        snprintf(err, ERROR_LEN, "%.200s:%d:%d: not JSON: %.200s", path, at.line, at.column, at.text);
    else if (!json_is_object(root))
        snprintf(err, ERROR_LEN, "%.200s: not a config.json: no object at the top", path);
    else
        ok = config_read_model(root, path, m, err);
    json_decref(root);
    free(text);
    return ok;
}

/* A directory stands for the config.json in it. */
static bool complete_path(const char *path, char *full, size_t size, char *err) {
    struct stat info;
    const char *tail = stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? "/config.json" : "";

    if ((size_t)snprintf(full, size, "%s%s", path, tail) < size)
        return true;
    snprintf(err, ERROR_LEN, "%.300s: the path is too long", path);
    return false;
}

const struct model *config_import(struct catalog *c, const char *path, char *err) {
    char full[MODEL_REF_LEN + 16], source[MODEL_REF_LEN + 32];
    struct imported *new;
    size_t linear, experts;

    for (const struct imported *i = c->imported; i; i = i->next)
        if (strcmp(i->path, path) == 0)
            return &i->model;
    if (!complete_path(path, full, sizeof full, err))
        return NULL;
    new = store_resize(NULL, 1, sizeof *new);
    memset(new, 0, sizeof *new);
    name_after_path(full, new->model.id, new->model.name);
    if (!parse_file(full, &new->model, err)) {
        free(new);
        return NULL;
    }
    if (!schema_native_formats(c, new->model.native_dtype, &linear, &experts)) {
        snprintf(err, ERROR_LEN, "%.200s: its number format '%.100s' is not in formats.csv", full,
                 new->model.native_dtype);
        free(new);
        return NULL;
    }
    snprintf(new->path, sizeof new->path, "%s", path);
    snprintf(source, sizeof source, "imported from %s", full);
    new->model.source = store_keep(c, source);
    new->next = c->imported;
    c->imported = new;
    return &new->model;
}

#else

const struct model *config_import(struct catalog *c, const char *path, char *err) {
    (void)c;
    snprintf(err, ERROR_LEN,
             "%.200s: this moescope was built without jansson and cannot read a config.json; "
             "install libjansson-dev and build it again, or use a preset id (moescope models)",
             path);
    return NULL;
}

#endif
