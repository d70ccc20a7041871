/* `explain`: how one figure of one scenario comes about. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/suggest.h"
#include "cli/evaluation.h"
#include "core/derivation.h"
#include "explore/explore.h"
#include "session/xalloc.h"

enum { WIDTH = 98, MOVERS = 2 };

/* What is printed, and what it takes. */
struct explanation {
    const struct estimate_field *figure;
    struct evaluation v;
    struct explorer explorer;
    struct derivation_line line[DERIVATION_MAX];
    int n;
    struct mover mover[MOVERS];
    size_t movers;
};

/* --- the figure ------------------------------------------------------------------------------------------ */

static bool is_same_name(const char *typed, const char *id) {
    while (*id && (*typed == *id || (*typed == '-' && *id == '_')))
        typed++, id++;
    return !*typed && !*id;
}

/* NULL with the reason on standard error: the nearest name, and all of them. */
static const struct estimate_field *find_figure(const char *typed) {
    struct suggestion near;
    char text[2048];
    if (typed)
        suggest_begin(&near, typed);
    for (int i = 0; typed && i < ESTIMATE_FIELD_COUNT; i++) {
        if (is_same_name(typed, estimate_fields[i].id))
            return &estimate_fields[i];
        suggest_offer(&near, estimate_fields[i].id);
    }
    int used = typed ? snprintf(text, sizeof text, "explain: '%.60s' is no figure%s%s%s; allowed:", typed,
                                near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "")
                     : snprintf(text, sizeof text, "explain needs a figure, for example tpot_ms; allowed:");
    for (int i = 0; i < ESTIMATE_FIELD_COUNT && used < (int)sizeof text; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s %s", i ? "," : "", estimate_fields[i].id);
    cli_fail(STATUS_BAD_INPUT, text);
    return NULL;
}

/* --- text -------------------------------------------------------------------------------------------------- */

static void print_line(const struct derivation_line *line) {
    char row[DERIVATION_ROWS][DERIVATION_ROW];
    int n = derivation_print(line, WIDTH, row);
    for (int i = 0; i < n; i++) {
        row[i][strcspn(row[i], "\n")] = '\0';
        size_t end = strlen(row[i]);
        while (end > 0 && row[i][end - 1] == ' ')
            row[i][--end] = '\0';
        puts(row[i]);
    }
}

static void print_movers(const struct explanation *x) {
    char text[MOVER_TEXT];
    if (x->movers > 0)
        puts("\nmoved most by");
    for (size_t i = 0; i < x->movers; i++)
        printf("  %s\n", mover_print(&x->mover[i], x->figure, text));
}

static void print_text(const struct explanation *x) {
    for (int i = 0; i < x->n; i++) {
        bool last = i == x->n - 1;
        if (last)
            print_movers(x);
        if (last || (i > 0 && x->line[i].kind == DERIVED_HEADING))
            putchar('\n');
        print_line(&x->line[i]);
    }
}

/* --- JSON: an object for each line --------------------------------------------------------------------------- */

static void print_json_line(const struct derivation_line *l) {
    static const char *const kinds[] = {"heading", "term", "operator", "sum", "constant", "class", "fact",
                                        "input", "law", "figure", "source", "words", "result"};
    struct json j;
    json_begin(&j, stdout);
    json_text(&j, "kind", kinds[l->kind]);
    json_text(&j, "name", *l->name ? l->name : NULL);
    json_text(&j, "meaning", l->meaning);
    json_text(&j, "formula", l->formula);
    json_text(&j, "filled", *l->filled ? l->filled : NULL);
    if (*l->word && strcmp(l->word, "-") != 0)
        json_text(&j, "value", l->word);
    else
        json_number(&j, "value", l->value);
    json_text(&j, "unit", l->unit && *l->unit ? l->unit : NULL);
    json_text(&j, "origin", l->has_origin ? origin_names[l->origin] : NULL);
    json_text(&j, "scope", l->row ? l->row->scope : NULL);
    json_number(&j, "rows", l->row ? l->row->rows : NAN);
    json_number(&j, "residual", l->row ? l->row->residual : NAN);
    json_text(&j, "source", l->row ? l->row->text : NULL);
    json_end(&j);
    putchar('\n');
}

static void print_json_mover(const struct mover *m) {
    struct json j;
    json_begin(&j, stdout);
    json_text(&j, "kind", "mover");
    json_text(&j, "name", m->field->id);
    json_number(&j, "from", m->from);
    json_number(&j, "to", m->to);
    json_number(&j, "before", m->before);
    json_number(&j, "after", m->after);
    json_end(&j);
    putchar('\n');
}

static void print_json(const struct explanation *x) {
    for (int i = 0; i < x->n; i++) {
        for (size_t k = 0; i == x->n - 1 && k < x->movers; k++)
            print_json_mover(&x->mover[k]);
        print_json_line(&x->line[i]);
    }
}

/* --- the command ----------------------------------------------------------------------------------------------- */

static bool resolve(void *user, const struct scenario *s, struct deployment *d) {
    char err[ERROR_LEN];
    return catalog_resolve(user, s, d, err, NULL);
}

static enum status explain(const struct options *o, struct catalog *c, bool json, struct explanation *x) {
    char err[ERROR_LEN];
    scenario_init(&x->v.scenario);
    if (!settings_apply(&o->a, "--", &x->v.scenario, err) ||
        !catalog_resolve(c, &x->v.scenario, &x->v.deployment, err, NULL))
        return cli_fail(STATUS_BAD_INPUT, err);
    x->explorer.resolve = resolve;
    x->explorer.user = c;
    estimate(&x->v.deployment, &x->explorer.cache, &x->v.estimate);
    x->n = derivation_make(&x->v.deployment, &x->v.estimate, (enum estimate_field_id)(x->figure - estimate_fields), x->line);
    x->movers = explore_movers(&x->explorer, &x->v.scenario, x->figure, x->mover, MOVERS);
    if (json)
        print_json(x);
    else
        print_text(x);
    return STATUS_OK;
}

enum status cmd_explain(const struct options *o) {
    static const char *const formats[] = {"text", "json", NULL};
    char err[ERROR_LEN];
    struct catalog *c = NULL;
    int format = options_choice(o, OPT_FORMAT, formats, 0, err);
    if (format < 0)
        return cli_fail(STATUS_BAD_INPUT, err);
    const struct estimate_field *figure = find_figure(o->figure);
    if (!figure)
        return STATUS_BAD_INPUT;
    struct explanation *x = xcalloc(1, sizeof *x);
    x->figure = figure;
    enum status status = cli_open_catalog(o, &c);
    if (status == STATUS_OK)
        status = explain(o, c, format == 1, x);
    catalog_close(c);
    free(x);
    return status;
}
