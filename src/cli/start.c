/* What explore, snapshot, rules and laws begin with: two scenarios, their history, the journal. */
#include <stdio.h>
#include <string.h>

#include "cli/user_config.h"
#include "catalog/suggest.h"

/* A ready-made scenario: the one with the id, or (NULL) the one at `place`. Without any, A and B are all
 * defaults. */
static enum status load_ready_made(struct catalog *c, const char *flag, const char *id, size_t place,
                                   struct scenario *s) {
    char text[ERROR_LEN];
    scenario_init(s);
    if (!id) {
        if (place < catalog_scenario_count(c))
            *s = catalog_scenario_at(c, place)->scenario;
        return STATUS_OK;
    }
    const struct scenario_preset *found = catalog_find_scenario(c, id);
    if (found) {
        *s = found->scenario;
        return STATUS_OK;
    }
    struct suggestion near;
    suggest_begin(&near, id);
    for (size_t i = 0; i < catalog_scenario_count(c); i++)
        suggest_offer(&near, catalog_scenario_at(c, i)->id);
    snprintf(text, sizeof text, "--%s: no scenario '%.60s'%s%s%s; 'moescope scenarios' lists them", flag, id,
             near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "");
    return cli_fail(STATUS_BAD_INPUT, text);
}

/* A file that is not there is the environment's fault, one that is wrong the input's. */
static enum status load_session_file(struct catalog *c, const char *path, struct scenario slots[SLOT_COUNT]) {
    char err[ERROR_LEN];
    FILE *probe = fopen(path, "r");
    if (probe)
        fclose(probe);
    if (session_load(path, c, slots, err))
        return STATUS_OK;
    return cli_fail(probe ? STATUS_BAD_INPUT : STATUS_ENVIRONMENT, err);
}

static enum status load_slots(const struct options *o, struct catalog *c, const struct config_defaults *defaults,
                              struct scenario slots[SLOT_COUNT]) {
    if (o->text[OPT_SESSION] && (o->text[OPT_SCENARIO_A] || o->text[OPT_SCENARIO_B]))
        return cli_fail(STATUS_BAD_INPUT,
                        "--session already says what A and B are; leave out --scenario-a and "
                        "--scenario-b");
    if (o->text[OPT_SESSION])
        return load_session_file(c, o->text[OPT_SESSION], slots);
    enum status status = load_ready_made(c, "scenario-a", o->text[OPT_SCENARIO_A], 0, &slots[SLOT_A]);
    if (status == STATUS_OK)
        status = load_ready_made(c, "scenario-b", o->text[OPT_SCENARIO_B], 1, &slots[SLOT_B]);
    if (status == STATUS_OK && defaults)
        status = config_check(defaults, c);
    for (int i = 0; status == STATUS_OK && defaults && i < SLOT_COUNT; i++)
        config_fill(defaults, &slots[i]);
    return status;
}

/* The flags, and a check that everything named exists. */
static enum status apply_flags(const struct options *o, struct catalog *c,
                               struct scenario slots[SLOT_COUNT]) {
    static const char *const names[SLOT_COUNT] = {"scenario A: ", "scenario B: "};
    char err[ERROR_LEN], text[ERROR_LEN + 16];
    struct deployment d;
    if (!settings_apply(&o->a, "--", &slots[SLOT_A], err) ||
        !settings_apply(&o->b, "--b ", &slots[SLOT_B], err))
        return cli_fail(STATUS_BAD_INPUT, err);
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        if (catalog_resolve(c, &slots[slot], &d, err, NULL))
            continue;
        snprintf(text, sizeof text, "%s%s", names[slot], err);
        return cli_fail(STATUS_BAD_INPUT, text);
    }
    return STATUS_OK;
}

/* Writes the first state at once, so that a journal that cannot be written is known before the first key. */
static enum status open_journal(const struct options *o, struct catalog *c, struct session *s) {
    char err[ERROR_LEN];
    struct load_cache cache;
    memset(&cache, 0, sizeof cache);
    if (!o->text[OPT_JOURNAL] ||
        (session_journal(s, c, o->text[OPT_JOURNAL], err) && session_journal_flush(s, c, &cache, err)))
        return STATUS_OK;
    return cli_fail(STATUS_ENVIRONMENT, err);
}

enum status cli_open_session(const struct options *o, struct catalog *c, const struct config_defaults *defaults,
                             struct session **s) {
    struct scenario slots[SLOT_COUNT];
    *s = NULL;
    enum status status = load_slots(o, c, defaults, slots);
    if (status == STATUS_OK)
        status = apply_flags(o, c, slots);
    if (status != STATUS_OK)
        return status;
    *s = session_new(&slots[SLOT_A], &slots[SLOT_B]);
    return open_journal(o, c, *s);
}

enum status cli_screen_options(const struct options *o, struct screen_settings *out) {
    struct options filled = *o; /* what the command line leaves open, the user's settings say */
    char err[ERROR_LEN];
    enum status status = config_read(&filled, &out->keys, &out->defaults);
    if (status != STATUS_OK)
        return status;
    const char *glyphs = options_word(&filled, OPT_GLYPHS, err);
    const char *color = glyphs ? options_word(&filled, OPT_COLOR, err) : NULL;
    const char *mouse = color ? options_word(&filled, OPT_MOUSE, err) : NULL;
    const char *theme = mouse ? options_word(&filled, OPT_THEME, err) : NULL;
    if (!theme)
        return cli_fail(STATUS_BAD_INPUT, err);
    out->screen = (struct tui_options){
        .glyphs = glyphs,
        .color = color,
        .theme = theme,
        .mouse = strcmp(mouse, "on") == 0,
        .present = o->text[OPT_PRESENT] != NULL,
        .keys = &out->keys,
    };
    return STATUS_OK;
}
