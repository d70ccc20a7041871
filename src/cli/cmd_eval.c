/* `eval`: one estimate. Many of them: eval_rows.c. */
#include <string.h>

#include "catalog/csv.h"
#include "cli/evaluation.h"
#include "session/record.h"

static void write_csv(const struct evaluation *v) {
    record_write_names(stdout, true);
    csv_end_row(stdout);
    record_write_cells(stdout, &v->scenario, &v->deployment, &v->estimate, true);
    csv_end_row(stdout);
}

static void write_one(const struct evaluation *v, enum output_format format) {
    struct json j;
    switch (format) {
    case FORMAT_TABLE:
        evaluation_write_table(v, stdout);
        return;
    case FORMAT_CSV:
        write_csv(v);
        return;
    case FORMAT_JSON:
        json_begin(&j, stdout);
        evaluation_write_json(v, &j);
        json_end(&j);
        putchar('\n');
    }
}

static enum status eval_one(const struct options *o, enum output_format format, struct catalog *c) {
    struct evaluation v;
    struct load_cache cache;
    char err[ERROR_LEN];

    scenario_init(&v.scenario);
    if (!settings_apply(&o->a, "--", &v.scenario, err) ||
        !catalog_resolve(c, &v.scenario, &v.deployment, err, NULL))
        return cli_fail(STATUS_BAD_INPUT, err);
    memset(&cache, 0, sizeof cache);
    estimate(&v.deployment, &cache, &v.estimate);
    write_one(&v, format);
    return STATUS_OK;
}

enum status cmd_eval(const struct options *o) {
    struct catalog *c;
    char err[ERROR_LEN];
    int format = options_choice(o, OPT_FORMAT, output_formats,
                                o->text[OPT_SCENARIOS] ? FORMAT_CSV : FORMAT_TABLE, err);
    if (format < 0)
        return cli_fail(STATUS_BAD_INPUT, err);
    enum status status = cli_open_catalog(o, &c);
    if (status == STATUS_OK && o->text[OPT_SCENARIOS])
        status = eval_rows(o, (enum output_format)format, c);
    else if (status == STATUS_OK)
        status = eval_one(o, (enum output_format)format, c);
    catalog_close(c);
    return status;
}
