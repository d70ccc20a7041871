/* `laws`: the second article's laws for A and B, and A against B over GPU counts. */
#include <math.h>

#include "catalog/csv.h"
#include "cli/json.h"
#include "cli/pair.h"
#include "explore/law_table.h"
#include "explore/words.h"

/* --- for people ------------------------------------------------------------------------------------------------------- */

static void write_row(FILE *out, const char *label, const char *unit, const double value[4]) {
    char cell[4][WORDS_NUMBER];
    for (int i = 0; i < 4; i++)
        words_number(value[i], cell[i]);
    fprintf(out, "%-36s %10s %10s %-4s %10s %10s\n", label, cell[0], cell[1], unit, cell[2], cell[3]);
}

static void write_series(const struct law_results *r, FILE *out) {
    char words[256];
    fprintf(out, "\none engine over n GPUs\n%-36s %10s %10s %-4s %10s %10s\n", "n", "A tok/s/GPU", "B", "", "A TPOT ms", "B");
    for (int i = 0; i < LAW_SERIES; i++) {
        const struct law_point *p = &r->series[i];
        char label[WORDS_NUMBER];
        double value[4] = {p->rate[0], p->rate[1], p->tpot_ms[0], p->tpot_ms[1]};
        snprintf(label, sizeof label, "%d", p->gpus);
        write_row(out, label, "", value);
    }
    fprintf(out, "%s\n", laws_tell_series(r, words, sizeof words));
}

static void write_table(const struct law_results *r, FILE *out) {
    fprintf(out, "\n%-36s %10s %10s %-4s %10s %10s\n", "law", "A", "B", "", "article: A", "B");
    for (int i = 0; i < LAW_COUNT; i++) {
        double value[4] = {r->here[i][0], r->here[i][1], r->article[i][0], r->article[i][1]};
        if (i == 0 || laws[i - 1].group != laws[i].group)
            fprintf(out, "\n%s\n", law_group_names[laws[i].group]);
        write_row(out, laws[i].label, laws[i].unit, value);
        pair_write_text(out, 4, laws[i].help);
    }
    write_series(r, out);
}

/* --- for programs: laws first, then two rows for each point of the series -------------------------------------------------- */

struct row {
    const char *law, *group, *label, *unit, *help;
    double gpus, value[4]; /* A, B; the article's A, B */
};

static struct row row_of(const struct law_results *r, int i) {
    static const char *const over = "over GPU counts";
    if (i < LAW_COUNT)
        return (struct row){laws[i].id, law_group_names[laws[i].group], laws[i].label, laws[i].unit, laws[i].help, NAN,
                            {r->here[i][0], r->here[i][1], r->article[i][0], r->article[i][1]}};
    const struct law_point *p = &r->series[(i - LAW_COUNT) / 2];
    if ((i - LAW_COUNT) % 2 == 0)
        return (struct row){"rate", over, "output tokens per second and GPU", "tok/s", "One engine over n GPUs.", p->gpus,
                            {p->rate[0], p->rate[1], NAN, NAN}};
    return (struct row){"tpot", over, "time per output token", "ms", "One engine over n GPUs.", p->gpus,
                        {p->tpot_ms[0], p->tpot_ms[1], NAN, NAN}};
}

enum { ROWS = LAW_COUNT + 2 * LAW_SERIES };

static void write_csv(const struct law_results *r, FILE *out) {
    fputs("law,group,label,unit,gpus,a,b,article_a,article_b,help\n", out);
    for (int i = 0; i < ROWS; i++) {
        struct row row = row_of(r, i);
        csv_write_cell(out, row.law, true);
        csv_write_cell(out, row.group, false);
        csv_write_cell(out, row.label, false);
        csv_write_cell(out, row.unit, false);
        pair_write_number(out, row.gpus);
        for (int k = 0; k < 4; k++)
            pair_write_number(out, row.value[k]);
        csv_write_cell(out, row.help, false);
        csv_end_row(out);
    }
}

static void write_json(const struct law_results *r, FILE *out) {
    static const char *const names[] = {"a", "b", "article_a", "article_b"};
    for (int i = 0; i < ROWS; i++) {
        struct row row = row_of(r, i);
        struct json j;
        json_begin(&j, out);
        json_text(&j, "law", row.law);
        json_text(&j, "group", row.group);
        json_text(&j, "label", row.label);
        json_text(&j, "unit", row.unit);
        json_number(&j, "gpus", row.gpus);
        for (int k = 0; k < 4; k++)
            json_number(&j, names[k], row.value[k]);
        json_text(&j, "help", row.help);
        json_end(&j);
        putc('\n', out);
    }
}

static void write_laws(struct pair *p) {
    struct law_results r;
    laws_make(&p->explorer, pair_scenario(p, SLOT_A), pair_scenario(p, SLOT_B), &r); /* both resolve: pair_open */
    if (p->format == FORMAT_TABLE) {
        pair_write_heading(p, stdout);
        write_table(&r, stdout);
    } else if (p->format == FORMAT_CSV) {
        write_csv(&r, stdout);
    } else {
        write_json(&r, stdout);
    }
}

enum status cmd_laws(const struct options *o) {
    struct pair p;
    enum status status = pair_open(o, &p);
    if (status == STATUS_OK)
        write_laws(&p);
    pair_close(&p);
    return status;
}
