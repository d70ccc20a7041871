/* A folder of its own for a test's files, and short ways to open the catalog. */
#ifndef MOESCOPE_TESTS_SCRATCH_H
#define MOESCOPE_TESTS_SCRATCH_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/catalog.h"

static char scratch_dir[64];
static char scratch_files[16][32]; /* written so far, to be removed */

static inline const char *source_dir(void) {
    const char *dir = getenv("abs_srcdir"); /* from the Makefile; by hand, tests run in the source's root */
    return dir ? dir : ".";
}

static inline const char *source_path(const char *name) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", source_dir(), name);
    return path;
}

static inline const char *scratch_path(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%.60s/%.60s", scratch_dir, name);
    return path;
}

/* Writes a file into the scratch folder, made on first use. */
static inline void scratch_write(const char *name, const char *text) {
    size_t i = 0;
    if (!scratch_dir[0]) {
        snprintf(scratch_dir, sizeof scratch_dir, "/tmp/moescope-test-XXXXXX");
        if (!mkdtemp(scratch_dir))
            abort();
    }
    FILE *out = fopen(scratch_path(name), "w");
    if (!out || fputs(text, out) == EOF || fclose(out) != 0)
        abort();
    while (scratch_files[i][0] && strcmp(scratch_files[i], name) != 0)
        i++;
    snprintf(scratch_files[i], sizeof scratch_files[i], "%.31s", name);
}

static inline void scratch_clear(void) {
    for (size_t i = 0; i < sizeof scratch_files / sizeof *scratch_files; i++)
        if (scratch_files[i][0]) {
            unlink(scratch_path(scratch_files[i]));
            scratch_files[i][0] = '\0';
        }
    if (scratch_dir[0])
        rmdir(scratch_dir);
    scratch_dir[0] = '\0';
}

/* The shipped presets alone; must succeed. */
static inline struct catalog *open_shipped(void) {
    char err[ERROR_LEN], dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", source_path("presets"));
    struct catalog *c = catalog_open(dir, NULL, NULL, err);
    if (!c) {
        fprintf(stderr, "%s\n", err);
        abort();
    }
    return c;
}

/* The shipped presets under the scratch folder as --presets. */
static inline struct catalog *open_over(char *err) {
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", source_path("presets"));
    return catalog_open(dir, NULL, scratch_dir, err);
}

static inline int count_lines(const char *path) {
    FILE *in = fopen(path, "r");
    int lines = 0, c;
    while (in && (c = getc(in)) != EOF)
        lines += c == '\n';
    if (in)
        fclose(in);
    return lines;
}

#endif
