#include "cli/validate_print.h"

#include <math.h>
#include <string.h>

#include "catalog/csv.h"
#include "cli/json.h"
#include "cli/pair.h"
#include "explore/words.h"

/* "4.2 %", "-" when unknown. */
static const char *percent(double share, char *buf) {
    if (isnan(share))
        strcpy(buf, "-");
    else
        snprintf(buf, WORDS_NUMBER, share < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * share);
    return buf;
}

static const char *duration(double seconds, char *buf) {
    char number[WORDS_NUMBER];
    double scale = seconds < 1e-3 ? 1e6 : seconds < 1 ? 1e3 : 1;
    snprintf(buf, 2 * WORDS_NUMBER, "%s %s", words_number(seconds * scale, number),
             scale == 1e6 ? "us" : scale == 1e3 ? "ms" : "s");
    return isnan(seconds) ? strcpy(buf, "-") : buf;
}

static void print_machine(const struct validation *v, FILE *out) {
    static const char *const matches[] = {
        [MATCH_NONE] = "not in the list of GPUs: predicted from what was measured on it",
        [MATCH_SCENARIO] = "the scenario's GPU",
        [MATCH_OTHER] = "another GPU than the scenario's: its constants are what is measured",
        [MATCH_HOST] = "a CPU: the best read and the best product stand for its datasheet",
    };
    if (!v->m.has_env)
        return;
    fprintf(out, "Device     %s, %s%s\n", v->m.device, matches[v->match], v->m.vm ? "; in a virtual machine" : "");
    fprintf(out, "Run        level %s, helper %s%s%s, %s\n", *v->m.level ? v->m.level : "-", v->m.helper,
            *v->m.driver ? ", driver " : "", v->m.driver, *v->m.status ? v->m.status : "no end");
    if (v->model.gpu.mem_bw > 0)
        fprintf(out, "Peaks      %.4g GB/s, %.4g TFLOP/s%s\n", v->model.gpu.mem_bw / 1e9, v->model.gpu.rate[PATH_BF16] / 1e12,
                v->model.host ? ", measured" : ", of the datasheet");
}

/* The samples of an experiment that stand for it: the first, the middle, the last. */
static void print_samples(const struct validation *v, int exp, FILE *out) {
    int seen = 0, n = v->m.experiment[exp].samples;
    for (int i = 0; i < v->m.n_samples; i++) {
        const struct sample *s = &v->m.sample[i];
        char predicted[2 * WORDS_NUMBER], measured[2 * WORDS_NUMBER], error[WORDS_NUMBER];
        if ((int)s->exp != exp)
            continue;
        if (seen == 0 || seen == n / 2 || seen == n - 1)
            fprintf(out, "    %-44.44s predicted %10s  measured %10s  off %s\n", s->name, duration(s->predicted, predicted),
                    duration(s->seconds, measured), percent(fabs(s->seconds / s->predicted - 1), error));
        seen++;
    }
}

static void print_experiments(const struct validation *v, FILE *out) {
    static const char *const states[] = {"-", "not run", "not finished", "done", "skipped"};
    fprintf(out, "\n%-12s %-13s %7s %7s %7s %10s %10s\n", "Experiment", "state", "samples", "checks", "failed", "off", "off, fitted");
    for (int i = 0; i < PROTOCOL_EXP_COUNT; i++) {
        const struct experiment *e = &v->m.experiment[i];
        char before[WORDS_NUMBER], after[WORDS_NUMBER];
        if (e->state == EXPERIMENT_ABSENT)
            continue;
        fprintf(out, "%-12s %-13s %7d %7d %7d %10s %10s\n", experiment_ids[i], states[e->state], e->samples, e->checks, e->failed,
                percent(validation_error(v, (enum protocol_experiment)i, false), before),
                percent(validation_error(v, (enum protocol_experiment)i, true), after));
        print_samples(v, i, out);
    }
}

static void print_fits(const struct validation *v, FILE *out) {
    if (v->n_fits > 0)
        fputs("\nConstants\n", out);
    for (int i = 0; i < v->n_fits; i++) {
        const struct fitted *f = &v->fit[i];
        char before[WORDS_NUMBER], after[WORDS_NUMBER], p90[WORDS_NUMBER], was[WORDS_NUMBER], is[WORDS_NUMBER];
        fprintf(out, "%-16s ", calibration_classes[f->class].id);
        if (!f->accepted) {
            fprintf(out, "the defaults stay: %s\n", f->why);
            continue;
        }
        for (int k = 0; k < f->n; k++) {
            const struct constant_info *info = &calibration_classes[f->class].constant[f->constant[k]];
            fprintf(out, "%s%s %s -> %s %s", k ? ", " : "", info->name, words_number(f->before[k], was),
                    words_number(f->value[k], is), info->unit);
        }
        fprintf(out, "; held-out points off %s -> %s (p90 %s)\n", percent(f->error_before, before),
                percent(f->error_median, after), percent(f->error_p90, p90));
    }
}

static void print_claims(const struct validation *v, FILE *out) {
    struct claim claims[CLAIM_COUNT];
    claims_make(v, claims);
    fputs("\nWhat the articles claim\n", out);
    for (int i = 0; i < CLAIM_COUNT; i++) {
        fprintf(out, "%-14s %-13s %s.\n", claims[i].id, claim_verdict_names[claims[i].verdict], claims[i].says);
        pair_write_text(out, 4, claims[i].text);
    }
}

static void print_remarks(const struct validation *v, FILE *out) {
    static const char *const kinds[] = {[RECORD_WARN] = "warning", [RECORD_SKIP] = "skipped", [RECORD_ERROR] = "error"};
    for (int i = 0; i < v->m.n_remarks; i++) {
        const struct remark *r = &v->m.remark[i];
        fprintf(out, "%s%s: %s%s%s %s\n", i ? "" : "\n", kinds[r->kind], r->exp >= 0 ? experiment_ids[r->exp] : "",
                r->exp >= 0 ? ", " : "", r->code, r->text);
    }
}

void validate_print_table(const struct validation *v, FILE *out) {
    print_machine(v, out);
    print_experiments(v, out);
    print_fits(v, out);
    print_claims(v, out);
    print_remarks(v, out);
}

/* --- for programs --- */

static const char *const columns[] = {"experiment", "case", "format", "predicted_s", "measured_s", "p10_s",
                                      "p90_s", "best_s", "fitted_s", "error"};

static void sample_numbers(const struct validation *v, const struct sample *s, double out[7]) {
    const double list[7] = {s->predicted, s->seconds, s->p10, s->p90, s->best, predict_seconds(&v->fitted, s),
                            s->seconds / s->predicted - 1};
    memcpy(out, list, sizeof list);
}

void validate_print_csv(const struct validation *v, FILE *out) {
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        csv_write_cell(out, columns[i], i == 0);
    for (int i = 0; i < SHAPE_COUNT; i++)
        csv_write_cell(out, shape_keys[i], false);
    csv_end_row(out);
    for (int i = 0; i < v->m.n_samples; i++) {
        const struct sample *s = &v->m.sample[i];
        double number[7];
        sample_numbers(v, s, number);
        csv_write_cell(out, experiment_ids[s->exp], true);
        csv_write_cell(out, s->name, false);
        csv_write_cell(out, s->format, false);
        for (int k = 0; k < 7; k++)
            pair_write_number(out, number[k]);
        for (int k = 0; k < SHAPE_COUNT; k++)
            pair_write_number(out, s->shape[k]);
        csv_end_row(out);
    }
}

static void json_run(const struct validation *v, FILE *out) {
    struct json j;
    json_begin(&j, out);
    json_text(&j, "kind", "run");
    json_text(&j, "device", v->m.device);
    json_text(&j, "uuid", v->m.uuid);
    json_text(&j, "helper", v->m.helper);
    json_text(&j, "driver", v->m.driver);
    json_text(&j, "level", v->m.level);
    json_text(&j, "status", v->m.status);
    json_text(&j, "message", v->message);
    json_number(&j, "mem_bw", v->model.gpu.mem_bw);
    json_number(&j, "rate_16", v->model.gpu.rate[PATH_BF16]);
    json_end(&j);
    putc('\n', out);
}

static void json_sample(const struct validation *v, const struct sample *s, FILE *out) {
    struct json j;
    double number[7];
    sample_numbers(v, s, number);
    json_begin(&j, out);
    json_text(&j, "kind", "sample");
    json_text(&j, columns[0], experiment_ids[s->exp]);
    json_text(&j, columns[1], s->name);
    json_text(&j, columns[2], s->format);
    for (int k = 0; k < 7; k++)
        json_number(&j, columns[3 + k], number[k]);
    for (int k = 0; k < SHAPE_COUNT; k++)
        json_number(&j, shape_keys[k], s->shape[k]);
    json_end(&j);
    putc('\n', out);
}

static void json_fit(const struct fitted *f, FILE *out) {
    struct json j;
    json_begin(&j, out);
    json_text(&j, "kind", "fit");
    json_text(&j, "class", calibration_classes[f->class].id);
    json_bool(&j, "accepted", f->accepted);
    json_text(&j, "why", f->why);
    json_number(&j, "points", f->points);
    json_number(&j, "held_out", f->held_out);
    json_number(&j, "error_before", f->error_before);
    json_number(&j, "error_median", f->error_median);
    json_number(&j, "error_p90", f->error_p90);
    for (int k = 0; k < f->n; k++)
        json_number(&j, calibration_classes[f->class].constant[f->constant[k]].name, f->value[k]);
    json_end(&j);
    putc('\n', out);
}

void validate_print_json(const struct validation *v, FILE *out) {
    struct claim claims[CLAIM_COUNT];
    json_run(v, out);
    for (int i = 0; i < v->m.n_samples; i++)
        json_sample(v, &v->m.sample[i], out);
    for (int i = 0; i < v->n_fits; i++)
        json_fit(&v->fit[i], out);
    claims_make(v, claims);
    for (int i = 0; i < CLAIM_COUNT; i++) {
        struct json j;
        json_begin(&j, out);
        json_text(&j, "kind", "claim");
        json_text(&j, "id", claims[i].id);
        json_text(&j, "says", claims[i].says);
        json_text(&j, "verdict", claim_verdict_names[claims[i].verdict]);
        json_number(&j, "claimed", claims[i].claimed);
        json_number(&j, "predicted", claims[i].predicted);
        json_number(&j, "measured", claims[i].measured);
        json_number(&j, "pairs", claims[i].pairs);
        json_end(&j);
        putc('\n', out);
    }
}
