#include "cli/user_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "catalog/suggest.h"

enum { LINE_LEN = 512, WORDS = 3 };

/* What a line acts on, and where it stands. */
struct config {
    struct options *o;
    struct tui_keys *keys;
    struct config_defaults *defaults;
    long line;
    char *word[WORDS + 1];
    char why[ERROR_LEN];
};

/* --- the three kinds of lines --- */

static bool read_key(struct config *c) {
    return tui_keys_bind(c->keys, c->word[1], c->word[2], c->why);
}

static bool is_setting(const struct general_option *option) {
    return option->words && (option->commands & 1u << CMD_EXPLORE);
}

static bool refuse_option(struct config *c) {
    snprintf(c->why, sizeof c->why, "no option '%.40s' to set (allowed:", c->word[1]);
    for (int i = 0; i < OPT_COUNT; i++)
        if (is_setting(&general_options[i]))
            snprintf(c->why + strlen(c->why), sizeof c->why - strlen(c->why), " %s", general_options[i].name);
    snprintf(c->why + strlen(c->why), sizeof c->why - strlen(c->why), ")");
    return false;
}

/* The option's word itself is kept, so that nothing of the file has to outlive it. */
static bool read_set(struct config *c) {
    int i = 0;
    while (i < OPT_COUNT && !(is_setting(&general_options[i]) && strcmp(general_options[i].name, c->word[1]) == 0))
        i++;
    if (i == OPT_COUNT)
        return refuse_option(c);
    const char *const *words = general_options[i].words;
    snprintf(c->why, sizeof c->why, "%s '%.40s' (allowed:", c->word[1], c->word[2]);
    for (; *words && strcmp(*words, c->word[2]) != 0; words++)
        snprintf(c->why + strlen(c->why), sizeof c->why - strlen(c->why), " %s", *words);
    snprintf(c->why + strlen(c->why), sizeof c->why - strlen(c->why), ")");
    if (*words && !c->o->text[i])
        c->o->text[i] = *words;
    return *words != NULL;
}

static bool read_default(struct config *c) {
    const struct field *f = scenario_find_field(c->word[1]);
    struct suggestion near;
    if (f) {
        c->defaults->line[f - scenario_fields] = c->line;
        return scenario_parse(&c->defaults->scenario, f, c->word[2], c->why);
    }
    suggest_begin(&near, c->word[1]);
    for (int i = 0; i < FIELD_COUNT; i++)
        suggest_offer(&near, scenario_fields[i].id);
    snprintf(c->why, sizeof c->why, "no field '%.40s'%s%s%s; `moescope help --fields` lists them", c->word[1],
             near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "");
    return false;
}

static const struct {
    const char *name, *synopsis;
    bool (*read)(struct config *c);
} kinds[] = {
    {"key", "key ACTION KEY", read_key},
    {"set", "set OPTION VALUE", read_set},
    {"default", "default FIELD VALUE", read_default},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* --- the file --- */

static bool read_words(struct config *c, int n) {
    size_t i = 0;
    while (i < KINDS && strcmp(kinds[i].name, c->word[0]) != 0)
        i++;
    if (i < KINDS && n == WORDS)
        return kinds[i].read(c);
    if (i < KINDS)
        snprintf(c->why, sizeof c->why, "'%.40s' takes two words (allowed: %s)", c->word[0], kinds[i].synopsis);
    else
        snprintf(c->why, sizeof c->why, "unknown word '%.40s' (allowed: %s, %s, %s)", c->word[0], kinds[0].synopsis,
                 kinds[1].synopsis, kinds[2].synopsis);
    return false;
}

/* A # begins a comment where a word would begin, so that it can be a key of its own as the third word: `key find #`. */
static bool read_line(struct config *c, char *line) {
    int n = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " \t\r\n", &rest); word; word = strtok_r(NULL, " \t\r\n", &rest)) {
        if (*word == '#' && (n != WORDS - 1 || word[1]))
            break;
        if (n <= WORDS)
            c->word[n] = word;
        n += n <= WORDS;
    }
    return n == 0 || read_words(c, n);
}

static enum status fail_at(const char *path, long line, const char *why) {
    char text[ERROR_LEN + 300];
    snprintf(text, sizeof text, "%.250s:%ld: %s", path, line, why);
    return cli_fail(STATUS_BAD_INPUT, text);
}

static enum status read_file(struct config *c, FILE *in) {
    char line[LINE_LEN], text[300];
    for (c->line = 1; fgets(line, sizeof line, in); c->line++) {
        bool whole = strchr(line, '\n') || feof(in);
        if (!whole)
            snprintf(c->why, sizeof c->why, "the line is too long (allowed: %d bytes)", LINE_LEN - 2);
        if (!whole || !read_line(c, line))
            return fail_at(c->defaults->path, c->line, c->why);
    }
    if (!ferror(in))
        return STATUS_OK;
    snprintf(text, sizeof text, "%.250s: cannot be read", c->defaults->path);
    return cli_fail(STATUS_ENVIRONMENT, text);
}

enum status config_read(struct options *o, struct tui_keys *keys, struct config_defaults *defaults) {
    struct config c = {.o = o, .keys = keys, .defaults = defaults};
    char dir[4000], text[512];
    *keys = (struct tui_keys){0};
    *defaults = (struct config_defaults){0};
    scenario_init(&defaults->scenario);
    if (!catalog_user_dir(dir, sizeof dir))
        return STATUS_OK;
    snprintf(defaults->path, sizeof defaults->path, "%s/config", dir);
    FILE *in = fopen(defaults->path, "r");
    if (!in && (errno == ENOENT || errno == ENOTDIR))
        return STATUS_OK;
    if (!in) {
        snprintf(text, sizeof text, "%.250s: %s", defaults->path, strerror(errno));
        return cli_fail(STATUS_ENVIRONMENT, text);
    }
    enum status status = read_file(&c, in);
    fclose(in);
    return status;
}

enum status config_check(const struct config_defaults *defaults, struct catalog *c) {
    char text[VALUE_LEN], err[ERROR_LEN];
    for (int i = 0; i < FIELD_COUNT; i++) {
        struct scenario alone;
        struct deployment d;
        int bad = -1;
        if (defaults->line[i] == 0)
            continue;
        scenario_init(&alone);
        scenario_parse(&alone, &scenario_fields[i], scenario_print(&defaults->scenario, &scenario_fields[i], text), err);
        if (!catalog_resolve(c, &alone, &d, err, &bad) && bad == i)
            return fail_at(defaults->path, defaults->line[i], err);
    }
    return STATUS_OK;
}

void config_fill(const struct config_defaults *defaults, struct scenario *s) {
    char text[VALUE_LEN], err[ERROR_LEN];
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        if (defaults->line[i] != 0 && scenario_is_default(s, f))
            scenario_parse(s, f, scenario_print(&defaults->scenario, f, text), err); /* a value of this field already */
    }
}
