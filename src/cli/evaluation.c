#include "cli/evaluation.h"

#include <math.h>
#include <string.h>

/* --- JSON ---------------------------------------------------------------------------------------------- */

static void write_json_field(const struct evaluation *v, const struct field *f, struct json *j) {
    char text[VALUE_LEN];
    if (f->type == FIELD_TEXT) {
        deployment_print(&v->deployment, &v->scenario, f, text);
        json_text(j, f->id, *text ? text : NULL);
    } else
        json_number(j, f->id, deployment_number(&v->deployment, f));
}

static void write_json_figure(const struct evaluation *v, const struct estimate_field *f, struct json *j) {
    char text[VALUE_LEN];
    switch (f->type) {
    case VALUE_BOOL:
        json_bool(j, f->id, estimate_number(&v->estimate, f) != 0);
        return;
    case VALUE_NUMBER:
        json_number(j, f->id, estimate_number(&v->estimate, f));
        return;
    case VALUE_LIMIT:
    case VALUE_BOUND:
    case VALUE_POOL:
    case VALUE_ORIGIN:
        estimate_print(&v->estimate, f, text);
        json_text(j, f->id, *text ? text : NULL);
    }
}

void evaluation_write_json(const struct evaluation *v, struct json *j) {
    for (int i = 0; i < FIELD_COUNT; i++)
        write_json_field(v, &scenario_fields[i], j);
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++)
        write_json_figure(v, &estimate_fields[i], j);
}

/* --- tables -------------------------------------------------------------------------------------------- */

/* Four significant digits without an exponent where that stays readable; "-" for the unknown. */
static const char *print_rounded(double value, char *buf) {
    if (isnan(value))
        snprintf(buf, VALUE_LEN, "-");
    else if (fabs(value) >= 1000 && fabs(value) < 1e15)
        snprintf(buf, VALUE_LEN, "%.0f", value);
    else
        snprintf(buf, VALUE_LEN, "%.4g", value);
    return buf;
}

static const char *print_figure(const struct estimate *e, const struct estimate_field *f, char *buf) {
    if (f->type == VALUE_NUMBER)
        return print_rounded(estimate_number(e, f), buf);
    if (f->type == VALUE_BOOL)
        return strcpy(buf, estimate_number(e, f) != 0 ? "yes" : "no");
    estimate_print(e, f, buf);
    return *buf ? buf : strcpy(buf, "-");
}

static void write_line(FILE *out, const char *id, const char *label, const char *value, const char *unit) {
    bool bare = !unit || !*unit || strcmp(value, "-") == 0;
    fprintf(out, "  %-24s %-20s %s%s%s\n", id, label, value, bare ? "" : " ", bare ? "" : unit);
}

static void write_scenario(const struct evaluation *v, FILE *out) {
    char value[VALUE_LEN];
    for (int group = 0; group < GROUP_COUNT; group++) {
        fprintf(out, "%s%s\n", group ? "\n" : "", field_group_names[group]);
        for (const struct field *f = scenario_fields; f < scenario_fields + FIELD_COUNT; f++) {
            if ((int)f->group != group)
                continue;
            deployment_print(&v->deployment, &v->scenario, f, value);
            write_line(out, f->id, f->label, *value ? value : "-", f->unit);
        }
    }
}

static void write_figures(const struct evaluation *v, FILE *out) {
    static const struct {
        enum value_class class;
        const char *name;
    } groups[] = {{VALUE_ALWAYS, "estimate"},
                  {VALUE_MEMORY, "memory per GPU"},
                  {VALUE_PERFORMANCE, "performance"},
                  {VALUE_ROUTING, "routing"},
                  {VALUE_COST, "cost"}};
    char value[VALUE_LEN];
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        fprintf(out, "\n%s\n", groups[i].name);
        for (const struct estimate_field *f = estimate_fields; f < estimate_fields + ESTIMATE_FIELD_COUNT;
             f++)
            if (f->class == groups[i].class)
                write_line(out, f->id, f->label, print_figure(&v->estimate, f, value), f->unit);
    }
}

static void write_notes(const struct estimate *e, FILE *out) {
    static const struct {
        enum estimate_note note;
        const char *text;
    } notes[] = {
        {NOTE_CAPACITY_ASSUMED, "the GPU's capacity is the marketed figure, not what a driver reported"},
        {NOTE_RATE_FALLBACK, "the GPU has no rate for the weights' format: its 16-bit rate is used"},
        {NOTE_EXPERT_RATE_FALLBACK, "the GPU has no rate for the experts' format: its 16-bit rate is used"},
        {NOTE_KV_LIMITED, "the KV cache holds fewer sequences than the batch; the others wait"},
        {NOTE_RUMOUR, "the model's dimensions were never confirmed by its maker"},
        {NOTE_PRICE_UNKNOWN, "no price is known for this GPU; set one with --price"},
        {NOTE_CROSSES_NODES, "the engine spans several nodes"},
    };
    if (*e->limit_text || e->notes)
        putc('\n', out);
    if (*e->limit_text)
        fprintf(out, "not possible: %s\n", e->limit_text);
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (e->notes & notes[i].note)
            fprintf(out, "note: %s\n", notes[i].text);
}

void evaluation_write_table(const struct evaluation *v, FILE *out) {
    write_scenario(v, out);
    write_figures(v, out);
    write_notes(&v->estimate, out);
}

/* --- a line each --------------------------------------------------------------------------------------- */

static const struct {
    enum field_id field;
    int width;
} line_fields[] = {{F_MODEL, -24}, {F_GPU, -16}, {F_GPUS, 5}, {F_TP, 4}, {F_EP, 4}, {F_BATCH, 6}};

static const struct {
    enum estimate_field_id figure;
    int width;
} line_figures[] = {{E_MEM_GB, 8},     {E_TTFT_MS, 9},     {E_TPOT_MS, 9},
                    {E_OUT_TOK_S, 10}, {E_COST_M_OUT, 11}, {E_LIMIT, 8}};

#define N_LINE_FIELDS (sizeof line_fields / sizeof *line_fields)
#define N_LINE_FIGURES (sizeof line_figures / sizeof *line_figures)

void evaluation_write_line_heading(FILE *out) {
    for (size_t i = 0; i < N_LINE_FIELDS; i++)
        fprintf(out, "%*s ", line_fields[i].width, scenario_fields[line_fields[i].field].id);
    for (size_t i = 0; i < N_LINE_FIGURES; i++)
        fprintf(out, " %*s", line_figures[i].width, estimate_fields[line_figures[i].figure].id);
    putc('\n', out);
}

void evaluation_write_line(const struct evaluation *v, FILE *out) {
    char value[VALUE_LEN];
    for (size_t i = 0; i < N_LINE_FIELDS; i++)
        fprintf(
            out, "%*s ", line_fields[i].width,
            deployment_print(&v->deployment, &v->scenario, &scenario_fields[line_fields[i].field], value));
    for (size_t i = 0; i < N_LINE_FIGURES; i++)
        fprintf(out, " %*s", line_figures[i].width,
                print_figure(&v->estimate, &estimate_fields[line_figures[i].figure], value));
    putc('\n', out);
}
